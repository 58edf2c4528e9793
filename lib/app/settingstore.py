"""Where settings are kept: NVS keys, files, and a journal that makes several keys one save."""

import os

from app.schema import DEFAULT, FILE, INT, KEY, KIND
from proto import journal

_JOURNAL = "SAVE_JOURNAL"
_MOST_JOURNAL = 2_400  # bytes; more than all settings of one request have


def save(settings, rows):
    """Write what has changed, as one; `rows` are {name: row} of that. True when it is done."""
    names, settings.dirty = settings.dirty, []
    try:
        SettingStore(settings).save([(rows[name], settings[name]) for name in names])
        return True
    except (OSError, ValueError) as e:
        settings.dirty = names + [name for name in settings.dirty if name not in names]
        settings.log.error("settings", "not saved: {!r}".format(e))
        return False


class SettingStore:
    """Writes rows of the schema; what it is handed is valid already."""

    def __init__(self, settings):
        self._nvs = settings.nvs
        self._log = settings.log

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
        path = row[KEY]
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
            if row[KIND] == FILE:
                _remove(row[KEY])
            else:
                self._nvs.erase(row[KEY])
        self._nvs.erase(_JOURNAL)
        self._nvs.commit()

    def _change(self, row, value):
        """(key, what to store or None to erase), or None where that stands there already."""
        get = self._nvs.get_int if row[KIND] == INT else self._nvs.get_blob
        stored = get(row[KEY])
        wanted = value if row[KIND] == INT else value.encode()
        if value == row[DEFAULT]:
            return None if stored is None else (row[KEY], None)
        return None if stored == wanted else (row[KEY], wanted)

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
