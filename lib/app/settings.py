"""The settings in force: rows of the schema over NVS, saved a moment after a change."""

import asyncio

from app.schema import (
    CHECK,
    DEFAULT,
    DEFAULT_BY_1,
    DEVICE_ID_TOO,
    FILE,
    FLAGS,
    FRESH,
    KIND,
    NAME,
    SCHEMA,
    SECRET,
)
from proto.values import BadArgument

MASK = "***"


class Settings:
    """`settings["pubinterval"]` is the value in force; `set` takes what a user typed."""

    def __init__(
        self,
        store,
        log,
        device_id="",
        schema=SCHEMA,
        inspect=None,
        save_ms=500,
        retry_ms=60_000,
    ):
        self._store = store
        self._log = log
        self._device_id = device_id
        self._save_ms = save_ms
        self._retry_ms = retry_ms
        self._inspect = inspect or {}  # name -> what looks closer at a file than the schema can
        self._rows = {row[NAME]: row for row in schema}
        self._watchers = []
        self._dirty = []
        self._changed = asyncio.Event()
        self._values = {row[NAME]: store.load(row) for row in schema}

    def __getitem__(self, name):
        return self._values[name]

    def __contains__(self, name):
        return name in self._rows

    def names(self):
        """All names, in the schema's order."""
        return [row[NAME] for row in SCHEMA if row[NAME] in self._rows]

    def row(self, name):
        return self._rows[name]

    def when(self, flag, call):
        """`call()` after a change of a setting that has `flag`."""
        self._watchers.append((flag, call))

    def show(self, name):
        """The value as text; secrets masked."""
        row, value = self._rows[name], self._values[name]
        if row[FLAGS] & SECRET:
            return MASK
        names = getattr(row[CHECK], "names", None)
        return names[value] if names else str(value)

    def set(self, name, text):
        """Put the user's `text` in force; raises BadArgument, and then nothing has changed."""
        row = self._rows[name]
        if self._means_default(row, text):
            value = row[DEFAULT]
        elif row[KIND] == FILE:
            value = self._new_file(row, row[CHECK](text))
        else:
            value = row[CHECK](text)
        if value == self._values[name] and row[KIND] != FILE:
            return
        self._values[name] = value
        if row[KIND] != FILE:
            self._save_later(name)
        if row[FLAGS] & FRESH and "mqttcleansession" in self._rows:
            self.set("mqttcleansession", "1")
        for flag, call in self._watchers:
            if row[FLAGS] & flag:
                call()

    def flush(self):
        """Write what has changed now, as one; True when the flash has taken it."""
        names, self._dirty = self._dirty, []
        try:
            self._store.save([(self._rows[name], self._values[name]) for name in names])
            return True
        except (OSError, ValueError) as e:
            self._dirty = names + [name for name in self._dirty if name not in names]
            self._log.error("settings", "not saved: {!r}".format(e))
            return False

    async def run(self):
        while True:
            await self._changed.wait()
            self._changed.clear()
            await asyncio.sleep_ms(self._save_ms)
            if not self.flush():
                await asyncio.sleep_ms(self._retry_ms)
                self._changed.set()

    def erase(self):
        """Forget everything that the user has set."""
        self._store.erase(self._rows.values())
        self._dirty.clear()

    def _means_default(self, row, text):
        return (row[FLAGS] & DEFAULT_BY_1 and text == "1") or (
            row[FLAGS] & DEVICE_ID_TOO and text == self._device_id
        )

    def _new_file(self, row, text):
        if text and row[NAME] in self._inspect:
            self._inspect[row[NAME]](text)
        try:
            return self._store.write_file(row, text)
        except OSError as e:
            raise BadArgument("not saved: {}".format(e)) from None

    def _save_later(self, name):
        if name not in self._dirty:
            self._dirty.append(name)
        self._changed.set()
