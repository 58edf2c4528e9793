"""The settings in force: rows of the schema over NVS, saved a moment after a change."""

import asyncio
import os

from app.schema import (
    DEFAULT_BY_1,
    DEVICE_ID_TOO,
    FILE,
    FRESH,
    INT,
    SCHEMA,
    SECRET,
)
from proto.values import BadArgument

NAME, KEY, KIND, DEFAULT, CHECK, FLAGS = range(6)
MASK = "***"


class Settings:
    """`settings["pubinterval"]` is the value in force; `set` takes what a user typed."""

    def __init__(self, nvs, log, device_id="", schema=SCHEMA, save_ms=500, inspect=None):
        self._nvs = nvs
        self._log = log
        self._device_id = device_id
        self._save_ms = save_ms
        self._inspect = inspect or {}  # name -> what looks closer at a file than the schema can
        self._rows = {row[NAME]: row for row in schema}
        self._watchers = []
        self._dirty = []
        self._changed = asyncio.Event()
        self._values = {row[NAME]: self._load(row) for row in schema}

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
            value = self._write_file(row, row[CHECK](text))
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
        """Write what has changed now; what the flash refuses is logged and tried again."""
        for name in tuple(self._dirty):
            row = self._rows[name]
            try:
                self._store(row, self._values[name])
                self._nvs.commit()
            except OSError as e:
                self._log.error("settings", "{} is not saved: {!r}".format(name, e))
                continue
            self._dirty.remove(name)

    async def run(self):
        while True:
            await self._changed.wait()
            self._changed.clear()
            await asyncio.sleep_ms(self._save_ms)
            self.flush()
            if self._dirty:
                await asyncio.sleep_ms(60_000)
                self._changed.set()

    def erase(self):
        """Forget everything that the user has set."""
        for row in self._rows.values():
            if row[KIND] == FILE:
                self._remove(row[KEY])
            else:
                self._nvs.erase(row[KEY])
        self._dirty.clear()
        self._nvs.commit()

    def _means_default(self, row, text):
        return (row[FLAGS] & DEFAULT_BY_1 and text == "1") or (
            row[FLAGS] & DEVICE_ID_TOO and text == self._device_id
        )

    def _save_later(self, name):
        if name not in self._dirty:
            self._dirty.append(name)
        self._changed.set()

    def _store(self, row, value):
        if value == row[DEFAULT]:
            self._nvs.erase(row[KEY])
        elif row[KIND] == INT:
            if self._nvs.get_int(row[KEY]) != value:
                self._nvs.set_int(row[KEY], value)
        elif self._nvs.get_blob(row[KEY]) != value.encode():
            self._nvs.set_blob(row[KEY], value.encode())

    def _load(self, row):
        """The stored value; the default where it is missing, or no longer allowed."""
        if row[KIND] == FILE:
            return row[KEY] if _exists(row[KEY]) else ""
        if row[KIND] == INT:
            stored = self._nvs.get_int(row[KEY])
        else:
            stored = self._nvs.get_blob(row[KEY])
        if stored is None:
            return row[DEFAULT]
        try:
            text = str(stored) if row[KIND] == INT else stored.decode().rstrip("\0")
            return row[CHECK](text)
        except (BadArgument, UnicodeError):
            self._log.error("settings", "{} was unusable: default".format(row[NAME]))
            return row[DEFAULT]

    def _write_file(self, row, text):
        """The path; the file is replaced whole or not at all (rename), "" removes it."""
        path = row[KEY]
        if text and row[NAME] in self._inspect:
            self._inspect[row[NAME]](text)
        if not text:
            self._remove(path)
            return ""
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)
        return path

    def _remove(self, path):
        try:
            os.remove(path)
        except OSError:  # there was none
            pass


def _exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False
