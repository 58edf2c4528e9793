"""The settings in force: values in RAM, rows and store borrowed; saved a moment after a change."""

import asyncio

from aio.late import borrow
from proto.values import BadArgument

MASK = "***"


class Settings:
    """`settings["pubinterval"]` is the value in force; `set` takes what a user typed."""

    def __init__(self, nvs, log, device_id="", save_ms=500, retry_ms=60_000):
        self._nvs = nvs
        self._log = log
        self._device_id = device_id
        self._save_ms = save_ms
        self._retry_ms = retry_ms
        self._watchers = []
        self._dirty = []
        self._changed = asyncio.Event()
        schema, store = borrow("app.schema"), self._store()
        store.recover()
        self._values = {row[schema.NAME]: store.load(row) for row in schema.SCHEMA}
        for row in schema.SCHEMA:
            name = row[schema.NAME]
            if row[schema.FLAGS] & schema.HASHED and self._values[name]:
                # whoever filled the flash from outside has written it as it is
                self.keep(name, borrow("app.password").hashed(self._values[name]))

    def __getitem__(self, name):
        return self._values[name]

    def __contains__(self, name):
        return name in self._values

    def when(self, flag, call):
        """`call()` after a change of a setting that has `flag`."""
        self._watchers.append((flag, call))

    def row(self, name):
        """The schema's row of a setting that is a command of its own, or None."""
        schema = borrow("app.schema")
        row = schema.find(name)
        return None if row is None or row[schema.FLAGS] & schema.HIDDEN else row

    def all(self):
        """[(row, value as text), ...] of what is not hidden, in the schema's order."""
        schema = borrow("app.schema")
        rows = [row for row in schema.SCHEMA if not row[schema.FLAGS] & schema.HIDDEN]
        return [(row, self._text(schema, row)) for row in rows]

    def show(self, name):
        """The value as text; secrets masked."""
        schema = borrow("app.schema")
        return self._text(schema, schema.find(name))

    def _text(self, schema, row):
        if row[schema.FLAGS] & schema.SECRET:
            return MASK
        value = self._values[row[schema.NAME]]
        names = getattr(row[schema.CHECK], "names", None)
        return names[value] if names else str(value)

    def check(self, name, text):
        """(row, value) that `set` would put in force; raises BadArgument where it would."""
        schema = borrow("app.schema")
        row = schema.find(name)
        flags = row[schema.FLAGS]
        if self._means_default(flags, schema, text):
            return row, row[schema.DEFAULT]
        value = row[schema.CHECK](text)
        if value and flags & schema.CERTIFICATE:
            borrow("app.tls").check_ca(value)
        if flags & schema.PUBLIC_KEY:
            borrow("app.update.key").check(value, self._values[name])
        return row, value

    def set(self, name, text):
        """Put the user's `text` in force; raises BadArgument, and then nothing has changed."""
        schema = borrow("app.schema")
        row, value = self.check(name, text)
        flags, is_file = row[schema.FLAGS], row[schema.KIND] == schema.FILE
        if is_file:
            value = self._new_file(row, value)
        elif flags & schema.HASHED:
            value = borrow("app.password").hashed(value)
        if value == self._values[name] and not is_file:
            return
        self._values[name] = value
        if not is_file:
            self._save_later(name)
        if flags & schema.FRESH:
            self.set("mqttcleansession", "1")
        for flag, call in self._watchers:
            if flags & flag:
                call()

    def keep(self, name, value):
        """Put a value in force that is the firmware's own: a number or text, valid already."""
        if value != self._values[name]:
            self._values[name] = value
            self._save_later(name)

    def flush(self):
        """Write what has changed now, as one; True when the flash has taken it."""
        names, self._dirty = self._dirty, []
        find = borrow("app.schema").find
        try:
            self._store().save([(find(name), self._values[name]) for name in names])
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

    def files(self):
        """Paths of the settings that are kept as files."""
        schema = borrow("app.schema")
        return [row[schema.KEY] for row in schema.SCHEMA if row[schema.KIND] == schema.FILE]

    def erase(self):
        """Forget everything that the user has set."""
        self._store().erase(borrow("app.schema").SCHEMA)
        self._dirty.clear()

    def _store(self):
        return borrow("app.settingstore").SettingStore(self._nvs, self._log)

    def _means_default(self, flags, schema, text):
        return (flags & schema.DEFAULT_BY_1 and text == "1") or (
            flags & schema.DEVICE_ID_TOO and text == self._device_id
        )

    def _new_file(self, row, text):
        try:
            return self._store().write_file(row, text)
        except OSError as e:
            raise BadArgument("not saved: {}".format(e)) from None

    def _save_later(self, name):
        if name not in self._dirty:
            self._dirty.append(name)
        self._changed.set()
