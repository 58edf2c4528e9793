"""Where settings are kept: NVS keys, files, and a journal that makes several keys one save."""

import os

from proto import journal
from proto.values import BadArgument

_JOURNAL = "SAVE_JOURNAL"
_MOST_JOURNAL = 2_400  # bytes; more than all settings of one request have


class SettingStore:
    """Reads and writes rows of the schema; what it is handed is valid already."""

    def __init__(self, nvs, log, schema):
        self._of = schema
        self._nvs = nvs
        self._log = log

    def load(self, row, kept):
        """The stored value; the default where it is missing, or no longer allowed."""
        if row[self._of.KIND] == self._of.FILE:
            return row[self._of.KEY] if _exists(row[self._of.KEY]) else ""
        get = self._nvs.get_int if row[self._of.KIND] == self._of.INT else self._nvs.get_blob
        stored = get(row[self._of.KEY])
        if stored is None:
            return row[self._of.DEFAULT]
        try:
            text = (
                str(stored) if row[self._of.KIND] == self._of.INT else stored.decode().rstrip("\0")
            )
            return self._of.check_of(row, kept)(text)
        except (BadArgument, UnicodeError):
            self._log.error(
                "settings", "stored {} was unusable: default".format(row[self._of.NAME])
            )
            return row[self._of.DEFAULT]

    def save(self, pairs):
        """Store [(row, value), ...]: after a power cut all are old or all are new.

        Only what differs costs a write. Raises OSError when the flash refuses.
        """
        changes = []
        for row, value in pairs:
            change = self._change(row, value)
            if change:
                changes.append(change)
        unfinished = self._nvs.get_blob(_JOURNAL) is not None  # of a save that failed: void now
        record = journal.pack(changes) if len(changes) > 1 or unfinished else b""
        if 0 < len(record) <= _MOST_JOURNAL:
            self._nvs.set_blob(_JOURNAL, record)
            self._nvs.commit()
        self._play(changes)
        self._nvs.commit()
        if record:
            self._nvs.erase(_JOURNAL)
            self._nvs.commit()

    def write_file(self, row, text):
        """The path; the file is replaced whole or not at all (rename), "" removes it."""
        path = row[self._of.KEY]
        if not text:
            _remove(path)
            return ""
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)
        return path

    def erase(self, rows):
        """Forget everything that the user has set."""
        for row in rows:
            if row[self._of.KIND] == self._of.FILE:
                _remove(row[self._of.KEY])
            else:
                self._nvs.erase(row[self._of.KEY])
        self._nvs.erase(_JOURNAL)
        self._nvs.commit()

    def _change(self, row, value):
        """(key, what to store or None to erase), or None where that stands there already."""
        get = self._nvs.get_int if row[self._of.KIND] == self._of.INT else self._nvs.get_blob
        stored = get(row[self._of.KEY])
        wanted = value if row[self._of.KIND] == self._of.INT else value.encode()
        if value == row[self._of.DEFAULT]:
            return None if stored is None else (row[self._of.KEY], None)
        return None if stored == wanted else (row[self._of.KEY], wanted)

    def _play(self, changes):
        for key, value in changes:
            if value is None:
                self._nvs.erase(key)
            elif isinstance(value, int):
                self._nvs.set_int(key, value)
            else:
                self._nvs.set_blob(key, value)

    def recover(self):
        """A save that the power cut short is finished now."""
        record = self._nvs.get_blob(_JOURNAL)
        if record is None:
            return
        try:
            self._play(journal.unpack(record))
            self._nvs.commit()
            self._nvs.erase(_JOURNAL)
            self._nvs.commit()
        except (OSError, ValueError) as e:
            self._log.error("settings", "the journal cannot be played: {!r}".format(e))


def _remove(path):
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
