"""Random DNS queries, firmware images and pictures, with checks of their parsers."""

import contextlib
import io
import re
import socket
import struct

from dns_client import AAAA, query
from esptool.bin_image import ESP32FirmwareImage
from images import image, rehashed
from PIL import Image

from config import limits
from proto.dns import NameServer
from proto.espimage import HEAD_BYTES, Description, ImageParser
from proto.jpeg import BadJPEG, newest

ADDRESS = bytes((192, 168, 1, 1))
SERVER = NameServer(ADDRESS)
QUERIES = [
    query("a", number=1),
    query("captive.apple.com", number=0xFFFF),
    query("x" * 63 + ".example", AAAA, number=2),
    query("any.example", 255, number=3),
    query(".".join(["y" * 60] * 5), number=4),
    b"\0\6\2" + query("cut.example")[3:],
    query("edns.example", number=5)[:-1] + b"\x01\0\0\x29\x10\0\0\0\0\0\0\0",
]


def check_dns(data):
    """Compare a response with RFC 1035."""
    reply = SERVER.answer(data)
    if len(data) < 12 or data[2] & 0x80:
        assert reply == b""
        return
    code, end = _dns_expected(data)
    number, flags, questions, answers, *others = struct.unpack("!6H", reply[:12])
    assert number == int.from_bytes(data[:2], "big") and flags & 0x8000
    assert flags & 0x0200 == 0 and others == [0, 0]
    assert (flags & 15, questions) == (code, bool(end))
    assert reply[12 : 12 + len(data[12:end])] == data[12:end]
    kind = int.from_bytes(data[end - 4 : end - 2], "big") if end else 0
    assert answers == (code == 0 and kind in (1, 255))
    record = b"\xc0\x0c\0\1\0\1\0\0\0\x0a\0\4" + ADDRESS
    assert reply[max(12, end) :] == record * answers


def _dns_expected(data):
    """Return (response code, end of the question; 0: it is not repeated)."""
    if data[2] & 0x78:
        return 4, 0
    at = 12
    while at < len(data) and 0 < data[at] < 64:
        at += 1 + data[at]
    is_name = at < len(data) and data[at] == 0 and at - 12 < 255
    end = at + 5
    if data[4:6] != b"\0\1" or data[2] & 2 or not is_name or end > len(data):
        return 1, 0
    return (0 if data[end - 2 : end] in (b"\0\1", b"\0\xff") else 5), end


def dns_through_sockets(port, queries):
    """Send queries; the responses must be those of the parser on CPython. Return their number."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.connect(("127.0.0.1", port))
        _answered(sock, b"\0\0")  # the route through the simulated network exists
        for each in queries:
            sock.send(each)
        expected = [
            reply for each in queries if (reply := SERVER.answer(each[: limits.DNS_QUERY_BYTES]))
        ]
        found = _answered(sock, b"\xaa\xaa")
        assert found == expected
        return len(found)


def _answered(sock, number):
    """Return the responses before that to a last query with this number."""
    sock.send(query("last.example", number=int.from_bytes(number, "big")))
    found = []
    while (reply := sock.recv(600))[:2] != number or b"\4last" not in reply:
        found.append(reply)
    return found


IMAGES = [image("1.2.3", size=2_048), image("9.9.9", "another", size=1_536)]
IMAGE_PIECES = [b"\x32\x54\xcd\xab", b"\xe9", bytes(16), b"\xff" * 16, IMAGES[0][:24]]


def fixed(chance, data):
    """Return an image, often with the checksum and the digest of what it now contains."""
    if chance.random() < 0.5:
        with contextlib.suppress(IndexError, struct.error):
            return rehashed(data)
    return data


def accepted_image(data):
    """Return True if the firmware accepts an image; if so, esptool must find it valid, too."""
    parser = ImageParser()
    try:
        Description(data[:HEAD_BYTES])
        parser.feed(memoryview(data))
    except ValueError as error:
        assert str(error)
        return False
    if not parser.whole:
        return False
    found = ESP32FirmwareImage(io.BytesIO(data[: parser.size]))
    assert found.chip_id == 0 and found.append_digest and len(found.segments) == data[1]
    assert found.checksum == found.calculate_checksum()
    assert found.stored_digest == found.calc_digest == parser.digest
    assert found.data_length + 32 == parser.size
    return True


def _picture(width, height, quality):
    out = io.BytesIO()
    Image.radial_gradient("L").resize((width, height)).save(out, "JPEG", quality=quality)
    return out.getvalue()


PICTURES = [_picture(16, 16, 20), _picture(64, 8, 80), _picture(8, 8, 5) + bytes(40)]
PICTURE_PIECES = [
    b"\xff\xd8",
    b"\xff\xd9",
    b"\xff\xff",
    bytes(600),
    b"\xff" * 600,
    b"\xff\xd8\xff",
]
_SEGMENTS = re.compile(rb"\xff+([\xc0-\xcf\xda-\xfe])(..)", re.DOTALL)
_SCAN = re.compile(
    rb"(?:[^\xff]|\xff[\0\xd0-\xd7]|\xff(?=\xff))*\xff([^\0\xd0-\xd7\xff])", re.DOTALL
)
_SOI = re.compile(rb"\xff\xd8(?=\xff[^\0])")


def whole_picture(data):
    """Return the last whole JPEG in a buffer that begins with one, or b""."""
    found, start = b"", 0 if data[:2] == b"\xff\xd8" and len(data) > 3 else -1
    while start >= 0:
        is_whole, end = _parsed(data, start)
        if is_whole:
            found = data[start:end]
        match = _SOI.search(data, max(end, start + 2))
        start = match.start() if match and end else -1
    return found


def _parsed(data, start):
    """Return True if the JPEG at `start` is whole, and its end; else where another may begin."""
    at, markers = start + 2, b""
    while b"\xda" not in markers:
        segment = _SEGMENTS.match(data, at)
        if not segment:
            return False, start + 2
        markers += segment[1]
        at = segment.end(1) + int.from_bytes(segment[2], "big")
        if segment[1] < b"\xe0" and _SOI.search(data, segment.end(), at + 3):
            return False, start + 2
    if not set(markers) & (set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}):
        return False, start + 2
    scan = _SCAN.match(data, at) if at <= len(data) else None
    if not scan:
        return False, 0
    return (scan[1] == b"\xd9", scan.end() - (0 if scan[1] == b"\xd9" else 2))


def check_jpeg(data):
    """Compare the firmware with the patterns; what it cuts off is no part of a sound picture."""
    expected = whole_picture(data)
    try:
        found = bytes(newest(memoryview(data)))
    except BadJPEG as error:
        assert str(error)
        found = b""
    assert found == expected
    pixels = found and data.startswith(found) and _decoded(found)
    assert not pixels or pixels == _decoded(data)


def _decoded(data):
    """Return the picture's pixels as Pillow decodes them; None if it cannot."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.size, picture.tobytes()
    except (OSError, SyntaxError, ValueError):
        return None
