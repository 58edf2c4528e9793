"""Pages of ESP-IDF's NVS format: 32-byte entries that are appended and marked as erased.

A page has a header, a bitmap with two bits for each of its 126 entries (11 empty, 10 written, 00
erased), and the entries. Erased or replaced entries are only marked. Their bytes stay in flash
until the page is erased, after its live entries have moved to the page reserved for this.
"""

import struct
import zlib

from flashchip import SECTOR

I32, BLOB, INDEX, U8 = 0x14, 0x42, 0x48, 0x01  # types of items
ENTRY = 32
_ENTRIES = 126
_MAP_AT, _ENTRIES_AT = 32, 64
_EMPTY, _ACTIVE, _FULL, _FREEING = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFC, 0xFFFFFFF8
_VERSION = 0xFE
_ALL = 0xFF  # chunk index of an item without chunks
_WRITTEN, _ERASED = 0b10, 0b00


class Item:
    """Item in flash: its position and the fields of its header."""

    def __init__(self, page, at, head):
        self.page, self.at = page, at
        self.space, self.kind, self.span, self.chunk, self.crc, key, self.data = struct.unpack(
            "<BBBBI16s8s", head
        )
        self.key = key.partition(b"\0")[0].decode("latin-1")
        self.intact = self.crc == _crc(head[:4] + head[8:])

    @property
    def name(self):
        return self.space, self.key


class Page:
    """Page of one sector; appends changes to `steps` as (address, bytes) for the caller."""

    def __init__(self, flash, at, steps):
        self._flash, self._at, self._steps = flash, at, steps
        self.state, self.seq, crc = struct.unpack("<II20xI", flash.read(at, _MAP_AT))
        header = flash.read(at + 4, 24)
        if self.state != _EMPTY and (crc != _crc(header) or header[4] != _VERSION):
            self._put(0, b"\xff" * SECTOR)
            self.state = _EMPTY
        self.map = int.from_bytes(flash.read(at + _MAP_AT, ENTRY), "little")
        self.used = 0  # entries that are not empty
        self.items = []
        if self.state == _EMPTY:
            self.map = (1 << 256) - 1
        else:
            self._read()

    def _read(self):
        at = 0
        while at < _ENTRIES:
            state, head = self.map >> 2 * at & 3, self.entry(at)
            if state == 3 and head == b"\xff" * ENTRY:
                at += 1
                continue
            item = Item(self, at, head)
            if state == _WRITTEN and item.intact and 0 < item.span <= _ENTRIES - at:
                self.items.append(item)
                at += item.span
            else:
                if state != _ERASED:  # a power cut interrupted its write
                    self.mark(at, 1, _ERASED)
                at += 1
            self.used = at

    def entry(self, at, count=1):
        return self._flash.read(self._at + _ENTRIES_AT + ENTRY * at, ENTRY * count)

    @property
    def room(self):
        return _ENTRIES - self.used

    @property
    def wasted(self):
        return self.used - sum(item.span for item in self.items)

    def _put(self, at, data):
        self._steps.append((self._at + at, data))

    def open(self, seq):
        """Make an empty page the active one."""
        header = struct.pack("<IB19s", seq, _VERSION, b"\xff" * 19)
        self.state, self.seq = _ACTIVE, seq
        self._put(0, struct.pack("<I", _ACTIVE) + header + struct.pack("<I", _crc(header)))

    def become(self, state):
        self.state = state
        self._put(0, struct.pack("<I", state))

    def append(self, entries):
        """Append an item, given as its entries; return it."""
        at, span = self.used, len(entries) // ENTRY
        self._put(_ENTRIES_AT + ENTRY * at, entries)
        self.mark(at, span, _WRITTEN)
        self.used += span
        item = Item(self, at, entries[:ENTRY])
        self.items.append(item)
        return item

    def erase(self, item):
        self.items.remove(item)
        self.mark(item.at, item.span, _ERASED)

    def mark(self, at, span, state):
        for number in range(at, at + span):
            self.map &= ~(3 << 2 * number) | state << 2 * number
        self._put(_MAP_AT, self.map.to_bytes(ENTRY, "little"))

    def clear(self):
        """Erase the sector."""
        self._put(0, b"\xff" * SECTOR)
        self.state, self.used, self.items, self.map = _EMPTY, 0, [], (1 << 256) - 1


class Pages:
    """All pages of a partition, as a list of items."""

    def __init__(self, flash, at, size):
        self.steps = []
        self._flash = flash
        self._pages = [Page(flash, place, self.steps) for place in range(at, at + size, SECTOR)]
        self._finish_move()

    def items(self):
        """Return the live items, oldest first."""
        pages = [page for page in self._pages if page.state != _EMPTY]
        return [item for page in sorted(pages, key=lambda page: page.seq) for item in page.items]

    def bytes_of(self, item):
        """Return the entries of an item, from flash or from the pending steps."""
        for at, data in reversed(self.steps):
            if at == item.page._at + _ENTRIES_AT + ENTRY * item.at and len(data) >= ENTRY:
                return data
        return item.page.entry(item.at, item.span)

    def add(self, space, kind, key, data, chunk=_ALL, more=b""):
        """Append an item; return False if it does not fit."""
        span = 1 + -(-len(more) // ENTRY)
        head = struct.pack("<BBBB", space, kind, span, chunk)
        tail = key.encode().ljust(16, b"\0") + data.ljust(8, b"\xff")
        entry = head + struct.pack("<I", _crc(head + tail)) + tail
        page = self._with_room(span)
        if page:
            page.append(entry + more.ljust(ENTRY * (span - 1), b"\xff"))
        return bool(page)

    def erase(self, item):
        item.page.erase(item)

    def tail_room(self):
        """Return the number of blob bytes that fit into the page of the next item."""
        page = self._active()
        return ENTRY * (page.room - 1) if page and page.room > 1 else ENTRY * (_ENTRIES - 1)

    def _active(self):
        return next((page for page in self._pages if page.state == _ACTIVE), None)

    def _with_room(self, span):
        for _ in range(len(self._pages) + 1):
            page = self._active()
            if page and page.room >= span:
                return page
            if page:
                page.become(_FULL)
            if not self._next_page():
                return None
        return None

    def _next_page(self):
        """Open an empty page; use the last one only to move the items of another page."""
        empty = [page for page in self._pages if page.state == _EMPTY]
        seq = max((page.seq for page in self._pages if page.state != _EMPTY), default=-1) + 1
        if len(empty) > 1:
            empty[0].open(seq)
            return True
        full = [page for page in self._pages if page.state == _FULL]
        victim = max(full, key=lambda page: page.wasted, default=None)
        if not victim or not victim.wasted or not empty:
            return False
        empty[0].open(seq)
        victim.become(_FREEING)
        self._move(victim, empty[0])
        return True

    def _move(self, victim, page):
        for item in victim.items:
            page.append(self.bytes_of(item))
        victim.clear()

    def _finish_move(self):
        """Complete a move of items that a power cut interrupted."""
        for victim in [page for page in self._pages if page.state == _FREEING]:
            page = self._active()
            there = [(item.name, item.kind, item.chunk) for item in page.items] if page else []
            for item in list(victim.items):
                if (item.name, item.kind, item.chunk) in there:
                    victim.items.remove(item)
            if page:
                self._move(victim, page)
            else:
                victim.become(_FULL)


def _crc(data):
    return zlib.crc32(data, 0xFFFFFFFF)
