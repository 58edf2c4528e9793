"""Settings in flash: in NVS and, where they are long, in files.

NVS writes each key atomically, and a file is replaced by renaming another. A journal makes a save
of several of them a transaction: a record in NVS holds all values and names the files to move into
place; a start after a power cut applies it. A single text goes through it, too, because ESP-IDF
may lose a blob that it has no room to replace: without room for the record, it is not touched.
"""

import os
from binascii import crc32

from app.settings.schema import DEFAULT, FILE, INT, KEY, KIND, NAME, SCHEMA, TEXT
from config import limits

_JOURNAL = "SAVE_JOURNAL"
_BYTES, _NUMBER, _ERASED = b"t", b"i", b"-"
_NEW = ".new"  # of a staged file
_STAGED = b""  # stands for the staged file in the changes; None removes the file
_FILES = tuple(row[KEY] for row in SCHEMA if row[KIND] == FILE)


class Store:
    """Values of settings by their rows in the schema, over one namespace of NVS."""

    def __init__(self, nvs):
        self._nvs = nvs
        self._unfinished = {}  # key -> value, or None to erase it: changes that the journal holds

    def read(self, row):
        """Return what is saved: a number, bytes, the path of a file; None if there is nothing."""
        if row[KIND] == FILE:
            return row[KEY] if _exists(row[KEY]) else None
        return self._unfinished[row[KEY]] if row[KEY] in self._unfinished else self._held(row)

    def text(self, path):
        """Return the content of a file."""
        with open(path) as f:
            return f.read()

    def is_damaged(self, row):
        """Return True if a value is stored that cannot be read, and the journal has no other."""
        if row[KIND] != TEXT or row[KEY] in self._unfinished:
            return False
        return self._nvs.is_damaged(row[KEY])

    def save(self, values):
        """Store [(row, value), ...]: after a power cut all are old or all are new.

        Only differences are written, and a default is not stored. The value of a file is its path,
        and moves the staged file there; "" removes the file. Raises OSError if the flash refuses.
        """
        changes = self._changes(values)
        texts = [key for key, value in changes if isinstance(value, bytes) and key not in _FILES]
        journal = bool(self._unfinished)
        if texts or len(changes) > 1 or journal:
            record = pack(changes)
            if len(record) <= limits.SETTINGS_JOURNAL_BYTES:
                self._nvs.set_blob(_JOURNAL, record)
                self._unfinished = dict(changes)
                self._nvs.commit()
                journal = True
        self._write(changes)
        if journal:
            self._end()

    def recover(self):
        """Finish a save that a power cut has interrupted.

        Raises OSError if the flash refuses; the values are then read from the journal. ValueError:
        the journal was damaged.
        """
        if self._nvs.is_damaged(_JOURNAL):
            self._end()
            raise ValueError("its journal cannot be read")
        record = self._nvs.get_blob(_JOURNAL)
        if record is not None:
            self._unfinished = dict(unpack(record))
            self._write(self._unfinished.items())
            self._end()

    def erase(self):
        """Erase all settings, and a save that is unfinished."""
        for row in SCHEMA:
            if row[KIND] == FILE:
                _remove(row[KEY])
            else:
                self._nvs.erase(row[KEY])
        self._end()

    def stage_files(self, values):
        """Write each file of [(row, text), ...] next to the old one, or none.

        `save` moves them into place. Returns {} or the fault, {name: reason}.
        """
        files = [(row, text) for row, text in values if row[KIND] == FILE]
        for row, text in files:
            try:
                if self._unfinished:  # its journal may name a staged file
                    self.save(())
                if text:
                    with open(row[KEY] + _NEW, "w") as f:
                        f.write(text)
            except OSError as e:
                for other, _ in files:
                    _remove(other[KEY] + _NEW)
                return {row[NAME]: "not saved: {}".format(e)}
        return {}

    def _changes(self, values):
        """Return [(key, value to store or None to erase), ...], with those that are unfinished."""
        changes = dict(self._unfinished)
        for row, value in values:
            changes.pop(row[KEY], None)
            if row[KIND] == FILE:
                changes[row[KEY]] = _STAGED if value else None
                continue
            stored, wanted = self._held(row), None
            if value != row[DEFAULT]:
                wanted = value if row[KIND] == INT else value.encode()
            if stored != wanted or self._nvs.is_damaged(row[KEY]):
                changes[row[KEY]] = wanted
        return list(changes.items())

    def _held(self, row):
        return (self._nvs.get_int if row[KIND] == INT else self._nvs.get_blob)(row[KEY])

    def _write(self, changes):
        # files first, because values that NVS refuses are in force from the journal
        for key, value in changes:
            if key in _FILES:
                _replace(key, value is not None)
        for key, value in changes:
            if key in _FILES:
                continue
            if value is None:
                self._nvs.erase(key)
            elif isinstance(value, int):
                self._nvs.set_int(key, value)
            else:
                self._nvs.set_blob(key, value)
        self._nvs.commit()

    def _end(self):
        """Drop the journal, if there is one."""
        self._nvs.erase(_JOURNAL)
        self._nvs.commit()
        self._unfinished = {}


def pack(changes):
    """Return the record of [(key, number, bytes or None for erased), ...].

    The record is a CRC-32, then for each change: length of the key, key, kind (1 byte), length of
    the value (2 bytes), value.
    """
    out = bytearray()
    for key, value in changes:
        kind = _ERASED if value is None else _NUMBER if isinstance(value, int) else _BYTES
        data = b"" if value is None else str(value).encode() if kind == _NUMBER else value
        out += bytes((len(key),)) + key.encode() + kind
        out += len(data).to_bytes(2, "big") + data
    return crc32(out).to_bytes(4, "big") + bytes(out)


def unpack(record):
    """Return the changes in a record; [] for one that is cut off or damaged."""
    body = record[4:]
    if len(record) < 4 or crc32(body) != int.from_bytes(record[:4], "big"):
        return []
    changes, at = [], 0
    while at < len(body):
        end = at + 1 + body[at]
        key, kind = body[at + 1 : end].decode(), body[end : end + 1]
        start = end + 3
        at = start + int.from_bytes(body[end + 1 : start], "big")
        data = bytes(body[start:at])
        changes.append((key, None if kind == _ERASED else int(data) if kind == _NUMBER else data))
    return changes


def _replace(path, is_staged):
    """Move the staged file to `path`, unless that has happened already; or remove both."""
    if not is_staged:
        _remove(path)
        _remove(path + _NEW)
    elif _exists(path + _NEW):
        os.rename(path + _NEW, path)


def _remove(path):
    try:
        os.remove(path)
    except OSError:  # there is none
        pass


def _exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False
