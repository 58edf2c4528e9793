"""Non-volatile storage in ESP-IDF's format: typed 32-byte entries in pages of flash.

Limits and errors were measured on a 16 KB partition. A change counts as one flash operation and is
complete when the call returns. A power cut can fall between any two of its writes.
"""

import struct
import zlib

import nvspages
from errors import DeviceError, os_error
from flashchip import SECTOR
from nvspages import BLOB, I32, INDEX, U8, Pages

FAIL = (1, "ESP_FAIL")
NOT_FOUND = (-4354, "ESP_ERR_NVS_NOT_FOUND")
NO_SPACE = (-4357, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
KEY_TOO_LONG = (-4361, "ESP_ERR_NVS_KEY_TOO_LONG")
INVALID_LENGTH = (-4364, "ESP_ERR_NVS_INVALID_LENGTH")
VALUE_TOO_LONG = (-4366, "ESP_ERR_NVS_VALUE_TOO_LONG")

_KEY = 15
_ENTRY = 32
_ENTRIES_I32 = 358  # measured: 357 numbers in one namespace, which uses one entry itself
_ENTRIES_BLOB = 350  # measured: 34 blobs of 256 bytes or 10 of 1000
_BLOB_MAX = 6_400  # measured: 6000 bytes fit into an empty store, 7000 do not
_BLOB_LIMIT = 11_990  # 97.6 % of the partition, minus 4000
_PAGE_BYTES = 4_000  # a larger blob is written in chunks, which remain after a failure


class NVS:
    """Namespaces of i32 and blob values; blobs are passed as hex."""

    def __init__(self, flash, at, size):
        self._flash = flash
        self._area = at, size
        self._full = self._loses = False
        self._damaged = set()  # (namespace, key) of blobs that cannot be read
        self.reset()

    def reset(self):
        """Load the partition as at a start of the chip; clean up unfinished writes."""
        self._jammed = False
        self._pages = pages = Pages(self._flash, *self._area)
        names = {item.data[0]: item.key for item in pages.items() if _is_namespace(item)}
        self._space_ids = {name: number for number, name in names.items()}
        self._spaces = {name: {} for name in self._space_ids}
        for name in {item.name: None for item in pages.items() if item.space in names}:
            value = self._resolve(name)
            if value is not None:
                self._spaces[names[name[0]]][name[1]] = value
        self._flash.burn_steps(pages.steps)

    @property
    def empty(self):
        return not self._spaces

    def wipe(self):
        """Erase the partition while the board is off; counts no flash operation."""
        at, size = self._area
        self._flash.burn(at, b"\xff" * size)
        self._damaged.clear()
        self.reset()

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

    def report(self, full=None, loses=None, damage=""):
        """Return all values by namespace and key; blobs as text, or as {"hex": ...}.

        `full` refuses every write from now on, or no longer. With `loses`, a blob that is to be
        replaced while there is no room cannot be read afterwards, as was seen once on the chip.
        `damage` is NAMESPACE/KEY of a blob that cannot be read from now on.
        """
        self._full = self._full if full is None else full
        self._loses = self._loses if loses is None else loses
        if damage:
            self._damaged.add(tuple(damage.split("/")))
        shown = {}
        for space, entries in self._spaces.items():
            shown[space] = {key: _displayed(value) for key, value in entries.items()}
        return {"nvs": shown}

    def open(self, space):
        """Check the name of a namespace; it uses no entry until it holds a value."""
        if len(space.encode()) > _KEY:
            raise os_error(*KEY_TOO_LONG)

    def get_i32(self, space, key):
        value = self._spaces.get(space, {}).get(key[:_KEY])
        if not isinstance(value, int):
            raise os_error(*NOT_FOUND)
        return value

    def get_blob(self, space, key, room):
        """Return [length, bytes as hex] of a blob; with a `room` of 0 only the length."""
        value = self._spaces.get(space, {}).get(key[:_KEY])
        if not isinstance(value, str):
            raise os_error(*NOT_FOUND)
        length = len(value) // 2
        if room and room < length:
            raise os_error(*INVALID_LENGTH)
        if room and (space, key[:_KEY]) in self._damaged:
            raise os_error(*FAIL)
        return [length, value if room else ""]

    def set(self, space, key, value):
        """Store a number, or a blob given as hex; return None or an awaitable delay."""
        held = self._spaces.get(space, {}).get(key[:_KEY])
        if held == value and type(held) is type(value) and (space, key) not in self._damaged:
            return None
        if len(key) > _KEY:
            raise os_error(*KEY_TOO_LONG)
        try:
            self._check_capacity(value, space)
        except DeviceError:
            if self._loses and isinstance(held, str):
                self._damaged.add((space, key))
            raise
        return self._change(space, key, value)

    def erase(self, space, key):
        if key[:_KEY] not in self._spaces.get(space, {}):
            raise os_error(*NOT_FOUND)
        return self._change(space, key[:_KEY], None)

    def peek(self, space, key):
        """Return a stored value, or None; for the runner and tests."""
        return self._spaces.get(space, {}).get(key)

    def put(self, space, key, value):
        """Store a value while the board is off; counts no flash operation."""
        self._write(space, key, value)
        self._flash.burn_steps(self._pages.steps)

    def _check_capacity(self, value, space):
        """Raise OSError if a value does not fit next to all others, even one it replaces."""
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
        if self._full or self._jammed or used + _entries(value) > limit:
            self._jammed |= isinstance(value, str) and len(value) // 2 > _PAGE_BYTES
            raise os_error(*NO_SPACE)

    def _change(self, space, key, value):
        """Write one value; a power cut during the write leaves the old or the new value."""
        self._write(space, key, value)
        self._damaged.discard((space, key))
        steps = list(self._pages.steps)
        self._pages.steps.clear()
        sizes = [len(data) for _, data in steps]
        self._flash.write_batch(steps)
        return self._flash.busy(sizes.count(SECTOR), sum(n for n in sizes if n < SECTOR))

    def _write(self, space, key, value):
        """Add the new items, then erase the old ones."""
        if space not in self._space_ids:
            number = len(self._space_ids) + 1
            self._add(0, U8, space, bytes([number]))
            self._space_ids[space] = number
            self._spaces[space] = {}
        number = self._space_ids[space]
        if isinstance(value, int):
            self._add(number, I32, key, struct.pack("<i", value))
        elif value is not None:
            self._add_blob(number, key, bytes.fromhex(value))
        self._resolve((number, key), removed=value is None)
        if value is None:
            self._spaces[space].pop(key, None)
        else:
            self._spaces[space][key] = value

    def _add_blob(self, number, key, data):
        """Add chunks that fit the pages, then the index that makes them valid."""
        starts = [item.data[5] for item in self._items_of((number, key)) if item.kind == INDEX]
        start = 0x80 if starts and starts[-1] == 0 else 0
        at = count = 0
        while at < len(data) or not count:
            part = data[at : at + self._pages.tail_room()]
            about = struct.pack("<HHI", len(part), 0xFFFF, zlib.crc32(part, 0xFFFFFFFF))
            self._add(number, BLOB, key, about, start + count, part)
            at += len(part)
            count += 1
        self._add(number, INDEX, key, struct.pack("<IBBH", len(data), count, start, 0xFFFF))

    def _add(self, *item):
        if not self._pages.add(*item):
            jammed = self._jammed
            self._pages.steps.clear()
            self.reset()
            self._jammed = jammed
            raise os_error(*NO_SPACE)

    def _items_of(self, name):
        return [item for item in self._pages.items() if item.name == name]

    def _resolve(self, name, removed=False):
        """Return the newest complete value under a name, or None; erase all other items."""
        items = self._items_of(name)
        others = [item for item in items if item.kind not in (I32, BLOB, INDEX)]
        value, kept = None, others
        for item in reversed([] if removed else items):
            if item.kind == I32:
                value, kept = struct.unpack_from("<i", item.data)[0], [item]
            elif item.kind == INDEX:
                value, kept = self._join_chunks(item, items)
            if value is not None:
                break
        for item in items:
            if item not in kept:
                self._pages.erase(item)
        return value

    def _join_chunks(self, index, items):
        """Return (hex, items) of a blob, or (None, []) if a chunk is missing."""
        size, count, start, _ = struct.unpack("<IBBH", index.data)
        chunks = {item.chunk: item for item in items if item.kind == BLOB}
        wanted = range(start, start + count)
        if any(number not in chunks for number in wanted):
            return None, []
        data = b""
        for number in wanted:
            length = struct.unpack_from("<H", chunks[number].data)[0]
            data += self._pages.bytes_of(chunks[number])[nvspages.ENTRY :][:length]
        if len(data) != size:
            return None, []
        return data.hex(), [index, *(chunks[number] for number in wanted)]


def _is_namespace(item):
    return item.space == 0 and item.kind == U8


def _entries(value):
    """Return the number of 32-byte entries of a value; a blob has an index and a header too."""
    return 1 if isinstance(value, int) else 2 + -(-(len(value) // 2) // _ENTRY)


def _displayed(value):
    if isinstance(value, int):
        return value
    data = bytes.fromhex(value)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"hex": value}
