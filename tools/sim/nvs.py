"""Non-volatile storage as ESP-IDF keeps it: typed entries of 32 bytes in a few pages of flash.

Limits and errors are those measured on a 16 KB partition. Each change is one flash operation and
is on disk, whole, before the call returns.
"""

import json
import os
import random

from errors import os_error

NOT_FOUND = (-4354, "ESP_ERR_NVS_NOT_FOUND")
NO_SPACE = (-4357, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
KEY_TOO_LONG = (-4361, "ESP_ERR_NVS_KEY_TOO_LONG")
INVALID_LENGTH = (-4364, "ESP_ERR_NVS_INVALID_LENGTH")
VALUE_TOO_LONG = (-4366, "ESP_ERR_NVS_VALUE_TOO_LONG")

_KEY = 15
_ENTRY = 32
_ENTRIES_I32 = 358  # measured: 357 numbers in one namespace, which takes an entry itself
_ENTRIES_BLOB = 350  # measured: 34 blobs of 256 bytes or 10 of 1000
_BLOB_MAX = 6_400  # 6000 fit into an empty store, 7000 do not
_BLOB_LIMIT = 11_990  # 97.6 % of the partition less 4000
_PAGE_BYTES = 4_000  # a larger blob is written in chunks, which a failure leaves behind


class NVS:
    """Namespaces of i32 and blob values in one JSON file; `flash` counts and cuts the writes."""

    def __init__(self, path, flash):
        self._path = path
        self._flash = flash
        self._jammed = False
        try:
            self._spaces = json.loads(path.read_text())
        except FileNotFoundError:
            self._spaces = {}

    def reset(self):
        """Start again as the chip does: chunks left by a failed write are swept away."""
        self._jammed = False

    @property
    def empty(self):
        return not self._spaces

    def calls(self):
        return {
            "nvs.open": self.open,
            "nvs.get_i32": self.get_i32,
            "nvs.get_blob": self.get_blob,
            "nvs.set": self.set,
            "nvs.erase": self.erase,
        }

    def controls(self):
        return {"nvs": self.report}

    def report(self):
        """All that is stored, by namespace and key: numbers, and blobs as text where they are."""
        shown = {}
        for space, entries in self._spaces.items():
            shown[space] = {key: _readable(value) for key, value in entries.items()}
        return {"nvs": shown}

    def open(self, space):
        """Check the name of a namespace; it takes up space once something is in it."""
        if len(space.encode()) > _KEY:
            raise os_error(*KEY_TOO_LONG)

    def get_i32(self, space, key):
        value = self._spaces.get(space, {}).get(key[:_KEY])
        if not isinstance(value, int):
            raise os_error(*NOT_FOUND)
        return value

    def get_blob(self, space, key, room):
        """Length and bytes (hex) of a blob; no room at all only asks the length."""
        value = self._spaces.get(space, {}).get(key[:_KEY])
        if not isinstance(value, str):
            raise os_error(*NOT_FOUND)
        length = len(value) // 2
        if room and room < length:
            raise os_error(*INVALID_LENGTH)
        return [length, value if room else ""]

    def set(self, space, key, value):
        """Store a number, or a blob given as hex."""
        held = self._spaces.get(space, {}).get(key[:_KEY])
        if held == value and type(held) is type(value):
            return
        if len(key) > _KEY:
            raise os_error(*KEY_TOO_LONG)
        self._check_space(value, space)
        self._change(space, key, value)

    def erase(self, space, key):
        if key[:_KEY] not in self._spaces.get(space, {}):
            raise os_error(*NOT_FOUND)
        self._change(space, key[:_KEY], None)

    def peek(self, space, key):
        """A stored value, or None, without the firmware's ways."""
        return self._spaces.get(space, {}).get(key)

    def put(self, space, key, value):
        """Store at the work bench: no limits, no flash operation counted."""
        self._spaces.setdefault(space, {})[key] = value
        self._save()

    def _check_space(self, value, space):
        """Refuse what does not fit beside all that is there, the value to be replaced included."""
        used = len(self._spaces) + (space not in self._spaces)
        used += sum(
            _entries(held) for entries in self._spaces.values() for held in entries.values()
        )
        limit = _ENTRIES_I32
        if isinstance(value, str):
            length = len(value) // 2
            if length > _BLOB_LIMIT:
                raise os_error(*VALUE_TOO_LONG)
            limit = 0 if length > _BLOB_MAX else _ENTRIES_BLOB
        if self._jammed or used + _entries(value) > limit:
            self._jammed |= isinstance(value, str) and len(value) // 2 > _PAGE_BYTES
            raise os_error(*NO_SPACE)

    def _change(self, space, key, value):
        """Write one entry; a power cut in the middle leaves the old one or the new one."""
        cut = self._flash.operation()
        if cut == "before" or (cut == "torn" and random.random() < 0.5):
            self._flash.cut_power()
        entries = self._spaces.setdefault(space, {})
        if value is None:
            del entries[key]
        else:
            entries[key] = value
        self._save()
        if cut:
            self._flash.cut_power()

    def _save(self):
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(self._spaces))
        os.replace(part, self._path)


def _entries(value):
    """Entries of 32 bytes that a value takes: blobs have an index and a head besides."""
    return 1 if isinstance(value, int) else 2 + -(-(len(value) // 2) // _ENTRY)


def _readable(value):
    if isinstance(value, int):
        return value
    data = bytes.fromhex(value)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"hex": value}
