"""RTSP client on a plain socket, which makes JPEGs from RTP as RFC 2435 describes."""

import base64
import socket
import struct

# ITU T.81 annex K.3: class and number, codes of each length, values
_HUFFMAN = bytes.fromhex(
    "0000010501010101010100000000000000000102030405060708090a0b"
    "10000201030302040305050404000001"
    "7d01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a"
    "25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a"
    "838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2"
    "d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
    "0100030101010101010101010000000000000102030405060708090a0b"
    "11000201020404030407050404000102"
    "770001020311040521310612415107617113223281081442"
    "91a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a5354"
    "55565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6"
    "a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6"
    "f7f8f9fa"
)


class RTSPClient:
    """One connection; a context manager."""

    def __init__(self, port, password="", path="/mjpg", receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(15)
        self.sock.connect(("127.0.0.1", port))
        self._file = self.sock.makefile("rb")
        self.url = f"rtsp://127.0.0.1:{port}{path}"
        self._login = ""
        if password:
            word = base64.b64encode(f"admin:{password}".encode()).decode()
            self._login = f"Authorization: Basic {word}\r\n"
        self._cseq = 0
        self.session = ""
        self.packets = []  # (channel, data) that arrived before a response
        self.reports = []  # RTCP packets between the pictures

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._file.close()
        self.sock.close()

    def request(self, method, lines="", path="", body=""):
        """Send a request; return (status line, {lower-case name: value}, body)."""
        self._cseq += 1
        head = f"{method} {self.url}{path} RTSP/1.0\r\nCSeq: {self._cseq}\r\n{self._login}{lines}"
        if self.session:
            head += f"Session: {self.session}\r\n"
        if body:
            head += f"Content-Length: {len(body)}\r\n"
        self.sock.sendall(f"{head}\r\n{body}".encode())
        first, headers, text = self.response()
        assert headers.get("cseq") == str(self._cseq), (first, headers)
        return first, headers, text

    def response(self):
        """Return the next response; packets before it are kept for `packet`."""
        while (begin := self._exactly(1)) == b"$":
            self.packets.append(self._packet())
        first = (begin + self._file.readline()).decode().rstrip("\r\n")
        headers = {}
        while line := self._file.readline().decode().rstrip("\r\n"):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return first, headers, self._exactly(int(headers.get("content-length", 0))).decode()

    def setup(self, transport="RTP/AVP/TCP;unicast;interleaved=0-1"):
        found = self.request("SETUP", f"Transport: {transport}\r\n", "/track1")
        if " 200 " in found[0]:
            self.session = found[1]["session"].partition(";")[0]
        return found

    def play(self):
        """Set the stream up and play it."""
        for answer in (self.request("DESCRIBE"), self.setup(), self.request("PLAY")):
            assert " 200 " in answer[0], answer

    def packet(self):
        """Return the next (channel, data)."""
        if self.packets:
            return self.packets.pop(0)
        assert self._exactly(1) == b"$"
        return self._packet()

    def _packet(self):
        channel, size = struct.unpack(">BH", self._exactly(3))
        return channel, self._exactly(size)

    def _exactly(self, size):
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def picture(self):
        """Return (JPEG, RTP timestamp) of the next picture."""
        joined, last = Reassembly(), False
        while not last:
            channel, data = self.packet()
            if channel == 0:
                last = joined.add(data)
            else:
                self.reports.append(data)
        return joined.jpeg(), joined.timestamp


class Reassembly:
    """The packets of one picture."""

    def __init__(self):
        self._scan = b""
        self.timestamp = self.seq = None

    def add(self, data):
        """Add a packet; return True if it is the last one."""
        flags, kind, seq, timestamp, _ = struct.unpack(">BBHII", data[:12])
        assert flags == 0x80 and kind & 0x7F == 26
        assert self.seq is None or seq == (self.seq + 1) & 0xFFFF
        assert self.timestamp in (None, timestamp)
        self.seq, self.timestamp = seq, timestamp
        offset, self.kind, quality, self.width, self.height = struct.unpack(">IBBBB", data[12:20])
        assert offset == len(self._scan) and quality == 255
        at = 20
        if self.kind >= 64:
            self.interval, where = struct.unpack(">HH", data[at : at + 4])
            assert where == 0xFFFF
            at += 4
        if not offset:
            assert struct.unpack(">HH", data[at : at + 4]) == (0, 128)
            self.tables = data[at + 4 : at + 132]
            at += 132
        self._scan += data[at:]
        return bool(kind & 0x80)

    def jpeg(self):
        """Return the picture with headers as in RFC 2435 appendix B."""
        sampling = 0x22 if self.kind & 1 else 0x21
        tables = b"".join(bytes([n]) + self.tables[64 * n :][:64] for n in range(2))
        frame = struct.pack(">BHHB", 8, 8 * self.height, 8 * self.width, 3)
        frame += bytes([1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1])
        found = b"\xff\xd8" + _segment(0xDB, tables)
        if self.kind >= 64:
            found += _segment(0xDD, struct.pack(">H", self.interval))
        found += _segment(0xC0, frame) + _segment(0xC4, _HUFFMAN)
        found += _segment(0xDA, bytes([3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]))
        return found + self._scan + b"\xff\xd9"


def _segment(kind, data):
    return struct.pack(">BBH", 0xFF, kind, len(data) + 2) + data
