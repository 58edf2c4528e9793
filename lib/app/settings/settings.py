"""The settings in force: loaded at the start, changed by users, saved a moment later."""

import asyncio
from collections import namedtuple

from app import password, signing_key, tls
from app.settings.clientlogin import client_faults
from app.settings.hashes import hash_clear_text, with_hashes
from app.settings.logins import unmasked, withhold
from app.settings.schema import (
    AT_ONCE,
    CERTIFICATE,
    CHECK,
    CLEAN_SESSION,
    DEFAULT,
    DEFAULT_BY_1,
    DEVICE_ID_TOO,
    FILE,
    FLAGS,
    GROUP,
    HASHED,
    HIDDEN,
    INT,
    KEY,
    KIND,
    LOGIN,
    NAME,
    PUBLIC_KEY,
    REJOIN,
    RESTART,
    SCHEMA,
    SECRET,
    TEXT,
    choices,
    find,
    typed,
)
from app.settings.store import Store
from config import limits
from proto.uri import without_password
from proto.values import BadArgument, UnknownCommand

_MASK = "***"
_UNUSABLE = "(not usable)"  # no access point accepts it: a network with a password stays closed

# of `apply`: {name: reason}, all is in flash, the camera restarts, {name: why its login is gone}
Applied = namedtuple("Applied", ("faults", "saved", "restarts", "removed"))


class Settings:
    """`settings["pubinterval"]` is the value in force; `set` accepts what a user typed."""

    def __init__(
        self,
        nvs,
        log,
        device_id="",
        save_ms=limits.SETTINGS_SAVE_MS,
        retry_ms=limits.SETTINGS_PAUSE_MS,
    ):
        self._store = Store(nvs)
        self._log = log
        self._device_id = device_id
        self._save_ms = save_ms
        self._retry_ms = retry_ms
        self._values = {}
        self._unsaved = set()  # names
        self.changed = []  # names, until app.mqtt.states removes them
        self._to_save = asyncio.Event()
        self._one_change = asyncio.Lock()
        self._watchers = []
        self._checks = {}
        self._settle = []  # coroutine functions
        self._load()

    def __getitem__(self, name):
        return self._values[name]

    def on_change(self, flag, call):
        """Call `call()` after a change of a setting that has `flag`; 0: of any setting."""
        self._watchers.append((flag, call))

    def settle_with(self, call):
        """Await `call()` after a change of a setting that has AT_ONCE, before the reply to it."""
        self._settle.append(call)

    def also_check(self, name, call):
        """Call `call(value)` for each new value; it raises BadArgument to refuse it."""
        self._checks[name] = call

    async def command(self, name, argument, group=False):
        """Set the value if there is an argument; return the value now in force as text.

        Raises UnknownCommand for a hidden setting, and for one that the group may not use.
        """
        row = find(name)
        if row[FLAGS] & HIDDEN or (group and not row[FLAGS] & GROUP):
            raise UnknownCommand(name)
        removed = await self.set(name, argument) if argument else {}
        if argument and row[FLAGS] & AT_ONCE and name in self._unsaved and not self.flush():
            raise BadArgument("in force, but not saved: writing to flash failed. Send it again")
        lines = ["{}: {}".format(*item) for item in sorted(removed.items())]
        return "\n".join([self._text(row)] + lines)

    async def set(self, name, text):
        """Put the user's `text` in force; return the logins that this removes, as in Applied.

        Raises BadArgument, and then nothing has changed.
        """
        faults, _, removed = await self._change({name: text})
        if faults:
            raise BadArgument(faults[name])
        return removed

    async def apply(self, wanted):
        """Put all of {name: text} in force and save them, or none; returns Applied."""
        faults, changed, removed = await self._change(wanted)
        return Applied(faults, not faults and self.flush(), bool(changed & RESTART), removed)

    async def _change(self, wanted):
        """Return ({name: reason}, flags of the settings that have changed, removed logins)."""
        values, faults, removed = {}, {}, {}
        # One change at a time, so that a check still holds when its value is put in force.
        async with self._one_change:
            for name, text in wanted.items():
                row = find(name)
                try:
                    if not row or row[FLAGS] & HIDDEN:
                        raise BadArgument("there is no such setting")
                    values[name] = self._checked(row, text)
                except BadArgument as e:
                    faults[name] = str(e)
                await asyncio.sleep(0)  # checking a certificate takes a while
            if not faults:
                faults = client_faults(values, self, self._store)
            if not faults:
                removed = withhold(self, wanted, values)
                changes = await with_hashes(values)
                faults = self._store.stage_files(changes)
            if faults:
                return faults, 0, {}
            for name, what in removed.items():
                self._log.info("settings", "{}: {}".format(name, what))
            changed = self._enforce(changes)
            if changed & AT_ONCE:
                for call in self._settle:
                    await call()
            return {}, changed, removed

    def _checked(self, row, text):
        """Return the value that a user's text means; raises BadArgument."""
        flags = row[FLAGS]
        text = typed(row, text)
        if flags & DEFAULT_BY_1 and (text == "1" or (not text and row[KIND] == TEXT)):
            return row[DEFAULT]
        if flags & DEVICE_ID_TOO and text == self._device_id:
            return row[DEFAULT]
        value = row[CHECK](unmasked(text, self[row[NAME]]) if flags & LOGIN else text)
        if row[NAME] in self._checks:
            self._checks[row[NAME]](value)
        if value and flags & CERTIFICATE:
            tls.check_ca(value)
        if flags & PUBLIC_KEY:
            signing_key.check(value, self[row[NAME]])
        return value

    def _enforce(self, changes):
        """Put checked values in force; return the flags of the settings that have changed."""
        changed, names = 0, []
        has_file = False
        for row, value in changes:
            if row[KIND] == FILE:
                value, has_file = row[KEY] if value else "", True
            elif value == self[row[NAME]]:
                continue
            self.keep(row[NAME], value)
            names.append(row[NAME])
            changed |= row[FLAGS]
        if changed & CLEAN_SESSION:
            self.keep("mqttcleansession", 1)
        if has_file or changed & AT_ONCE:  # a file comes into force by being moved into place
            self.flush()
        for flag, call in self._watchers:
            if changed & flag or (names and not flag):
                call()
        return changed

    def put(self, name, value):
        """Put a valid value in force, as a user does; save it a moment later."""
        self._enforce([(find(name), value)])

    def keep(self, name, value):
        """Put a value in force that is known to be valid, and save it a moment later."""
        self._values[name] = value
        self._unsaved.add(name)
        if name not in self.changed:
            self.changed.append(name)
        self._to_save.set()

    def all(self):
        """Yield (row, value as text) of each setting that is not hidden, in the schema's order."""
        for row in SCHEMA:
            if not row[FLAGS] & HIDDEN:
                yield row, self._text(row)

    def backup(self, secrets):
        """Yield (name, text) of each setting as `apply` accepts it.

        Secrets, and addresses with a login, only if `secrets` is true; passwords that are stored
        as a hash, and a key that is not set, never.
        """
        for row, text in self.all():
            value, flags = self[row[NAME]], row[FLAGS]
            if row[KIND] == FILE:
                if (secrets or not flags & SECRET) and (value or not flags & PUBLIC_KEY):
                    yield row[NAME], self._store.text(value) if value else ""
            elif flags & SECRET or (flags & LOGIN and text != value):
                if secrets and not flags & HASHED and value != _UNUSABLE:
                    yield row[NAME], value
            else:
                yield row[NAME], text

    def show(self, name):
        """Return the value as text; secrets are masked."""
        return self._text(find(name))

    def _text(self, row):
        if row[FLAGS] & SECRET:
            return _MASK
        value = self[row[NAME]]
        if row[FLAGS] & LOGIN:
            return without_password(value)
        names = choices(row)
        return names[value] if names else str(value)

    async def run(self):
        async with self._one_change:
            await hash_clear_text(self)
        while True:
            await self._to_save.wait()
            self._to_save.clear()
            await asyncio.sleep_ms(self._save_ms)
            if not self.flush():
                await asyncio.sleep_ms(self._retry_ms)
                self._to_save.set()

    def flush(self):
        """Save what has changed, all or nothing; return True if it is in flash."""
        unsaved = [(find(name), self[name]) for name in self._unsaved]
        try:
            self._store.save(unsaved)
        except (OSError, ValueError, MemoryError) as e:
            self._log.error("settings", "not saved: {!r}".format(e))
            return False
        self._unsaved.clear()
        if unsaved:
            self._log.debug("settings", "saved {} settings", len(unsaved))
        return True

    def files(self):
        """Return the paths of the settings that are files."""
        return [row[KEY] for row in SCHEMA if row[KIND] == FILE]

    def erase(self):
        """Erase all settings in flash; those in force stay until the restart."""
        self._store.erase()
        self._unsaved.clear()

    def _load(self):
        try:
            self._store.recover()
        except (OSError, ValueError) as e:
            self._log.error("settings", "an interrupted save cannot be finished: {!r}".format(e))
            self._to_save.set()  # tries again
        for row in SCHEMA:
            self._values[row[NAME]] = self._stored(row)

    def _stored(self, row):
        """Return the stored value; the default if it is missing or no longer allowed.

        An unusable password of a network is replaced by a wrong one.
        """
        stored = self._store.read(row)
        if self._store.is_damaged(row):
            return self._unusable(row)
        if stored is None or row[KIND] == FILE:
            return stored or row[DEFAULT]
        try:
            text = str(stored) if row[KIND] == INT else stored.decode().rstrip("\0")
            is_hash = row[FLAGS] & HASHED and password.is_hash(text)
            return text if is_hash else row[CHECK](text)
        except (BadArgument, UnicodeError):
            return self._unusable(row)

    def _unusable(self, row):
        """Log that the stored value cannot be used; return the one in force instead."""
        closed = row[FLAGS] & SECRET and row[FLAGS] & REJOIN
        what = "set it again" if closed else "the default is in force"
        self._log.error("settings", "the stored {} is unusable: {}".format(row[NAME], what))
        return _UNUSABLE if closed else row[DEFAULT]
