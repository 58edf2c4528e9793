"""JPEG pictures as RTP packets on a TCP connection: RFC 2435, RFC 3550, RFC 2326 section 10.12.

The headers of a picture are not sent: a receiver makes them from the type, the size and the
quantization tables. So only pictures of one kind can be sent: baseline, 4:2:2 or 4:2:0, with the
Huffman tables of ITU T.81 annex K.3.
"""

from binascii import crc32
from struct import pack, pack_into

from micropython import const

from config import limits
from proto.jpegheaders import HeaderReader, Unsuitable

CLOCK_KHZ = const(90)  # of the timestamps
_MOST_PIXELS = const(2_040)  # in 8 pixels, a size is one byte
_HUFFMAN = {  # class and number -> CRC-32 of a standard table
    0x00: 0x13BC22C1,
    0x01: 0xBF876D00,
    0x10: 0x76431CC4,
    0x11: 0xDB3E692F,
}
_SAMPLING = {0x21: 0, 0x22: 1}  # of the luminance -> type; that of the others is 0x11
_RESTARTS = const(64)  # is added to the type if there are restart markers
_ANYWHERE = const(0xFFFF)  # packets begin and end anywhere between two restart markers
_OWN_TABLES = const(255)  # Q: the tables are in the first packet of each picture
_DOLLAR, _VERSION = const(0x24), const(0x80)  # first bytes of a packet on TCP, and of RTP
_BEFORE = const(16)  # bytes before the payload: interleaving 4, RTP 12
_JPEG = const(26)  # payload type, RFC 3551 section 6
_LAST = const(0x80)  # marker bit of the last packet of a picture
_REPORT, _DESCRIPTION, _CNAME = const(200), const(202), const(1)
_TO_1970_S = const(2_208_988_800)  # from 1900, when the time of NTP begins


class Headers(HeaderReader):
    """The parsed headers of a JPEG; raises Unsuitable.

    `kind` is the type of RFC 2435 without restart markers, `width` and `height` are in pixels, and
    `tables` are the two quantization tables.
    """

    def __init__(self, view):
        super().__init__()
        self.kind = self.width = self.height = 0
        self._quantization = {}
        self._components = b""
        self._read(view)
        self.tables = self._both_tables()
        self._view = None

    def _frame(self, start, end):
        if end - start != 15 or self._byte(start) != 8 or self._byte(start + 5) != 3:
            raise Unsuitable("it is not a baseline JPEG in colour")
        self.height, self.width = self._word(start + 1), self._word(start + 3)
        if not 0 < self.width <= _MOST_PIXELS or not 0 < self.height <= _MOST_PIXELS:
            raise Unsuitable(
                "{} x {} pixels are more than RTP can carry, {} in each direction".format(
                    self.width, self.height, _MOST_PIXELS
                )
            )
        sampling = [self._byte(at) for at in (start + 7, start + 10, start + 13)]
        if sampling[0] not in _SAMPLING or sampling[1:] != [0x11, 0x11]:
            raise Unsuitable("its colours are sampled neither 4:2:2 nor 4:2:0")
        self.kind = _SAMPLING[sampling[0]]
        self._components = [self._byte(at) for at in (start + 8, start + 11, start + 14)]

    def _quantization_tables(self, start, end):
        while start < end:
            number = self._byte(start)
            if number > 3 or end - start < 65:
                raise Unsuitable("a quantization table is not one of 8 bits")
            self._quantization[number] = bytes(self._view[start + 1 : start + 65])
            start += 65

    def _huffman_tables(self, start, end):
        while start < end:
            if end - start < 17:
                raise Unsuitable("a Huffman table is damaged")
            size = 17 + sum([self._byte(start + n) for n in range(1, 17)])
            table = self._view[start : min(start + size, end)]
            if _HUFFMAN.get(self._byte(start)) != crc32(table):
                raise Unsuitable("it has Huffman tables of its own")
            start += size

    def _scan(self, start, end):
        """Check that there is one scan of all components, with the usual tables."""
        if not self._components:
            raise Unsuitable("it has no frame header")
        if end - start != 10 or [self._byte(start + n) for n in (2, 4, 6)] != [0, 0x11, 0x11]:
            raise Unsuitable("its scan does not have all colours")

    def _both_tables(self):
        brightness, *others = [self._quantization.get(n) for n in self._components]
        if brightness is None or None in others or others[0] != others[1]:
            raise Unsuitable("its colours do not share a quantization table")
        return brightness + others[0]


class Packets:
    """The packets of one stream: `begin` a picture, then `next` until it returns None.

    A packet is (headers, slice of the picture), both valid until the next one.
    """

    def __init__(self, ssrc, seq, channels=(0, 1), most_bytes=limits.RTSP_PACKET_BYTES):
        self.ssrc = ssrc
        self.seq = seq  # of the next packet
        self.count = self.octets = 0  # sent so far, for reports
        self._channels = channels
        self._most_bytes = most_bytes
        self._known = None  # headers of the last picture: those of the next one are often the same
        self._first = self._others = None  # headers of packets
        self._view = None
        self._start = self._at = self._end = 0

    def begin(self, view, timestamp):
        """Send `view`, a whole JPEG, next; raises Unsuitable."""
        if not self._known or view[: self._start] != self._known:
            self._learn(view)
        pack_into(">I", self._first, 8, timestamp)
        pack_into(">I", self._others, 8, timestamp)
        self._view = view
        self._at = self._start
        self._end = len(view) - 2  # EOI

    def next(self):
        """Return the next packet, None after the last one."""
        at, left = self._at, self._end - self._at
        if not left:
            self._view = None
            return None
        head = self._first if at == self._start else self._others
        size = min(left, self._most_bytes)
        kind = _JPEG | _LAST if size == left else _JPEG
        pack_into(">HBBH", head, 2, len(head) - 4 + size, _VERSION, kind, self.seq)
        pack_into(">I", head, 16, at - self._start)
        self._at = at + size
        self.seq = (self.seq + 1) & 0xFFFF
        self.count += 1
        self.octets += len(head) - _BEFORE + size
        return head, self._view[at : at + size]

    def _learn(self, view):
        """Make the headers of packets for pictures that have the headers of `view`."""
        self._known = None
        found = Headers(view)
        head = pack(">BBHBBHII", _DOLLAR, self._channels[0], 0, _VERSION, _JPEG, 0, 0, self.ssrc)
        size = [(pixels + 7) // 8 for pixels in (found.width, found.height)]
        kind = found.kind + _RESTARTS if found.interval else found.kind
        head += pack(">IBBBB", 0, kind, _OWN_TABLES, size[0], size[1])
        if found.interval:
            head += pack(">HH", found.interval, _ANYWHERE)
        self._others = bytearray(head)
        self._first = bytearray(head + pack(">HH", 0, len(found.tables)) + found.tables)
        self._start = found.scan_at
        if found.scan_at <= limits.RTSP_HEADERS_BYTES:
            self._known = bytes(view[: found.scan_at])

    def report(self, seconds, ns, timestamp, name):
        """Return a sender report and a description (RFC 3550 sections 6.4.1 and 6.5).

        seconds, ns: time since 1970 at which `timestamp` was due; name: of the camera, in bytes.
        """
        text = pack(">BB", _CNAME, len(name)) + name
        text += bytes(4 - len(text) % 4)  # ends the list, and fills up a word
        sender = (
            (seconds + _TO_1970_S) & 0xFFFF_FFFF, (ns << 32) // 1_000_000_000, timestamp,
            self.count & 0xFFFF_FFFF, self.octets & 0xFFFF_FFFF,
        )  # fmt: skip
        found = pack(">BBHI", _VERSION, _REPORT, 6, self.ssrc) + pack(">IIIII", *sender)
        found += pack(">BBHI", _VERSION | 1, _DESCRIPTION, 1 + len(text) // 4, self.ssrc) + text
        return pack(">BBH", _DOLLAR, self._channels[1], len(found)) + found
