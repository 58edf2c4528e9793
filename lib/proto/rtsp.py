"""RTSP 1.0 without I/O: requests and responses on one connection (RFC 2326), SDP (RFC 8866)."""

from micropython import const

from config import limits

_DOLLAR = const(0x24)  # begins a packet between requests, section 10.12
_CR, _LF = const(13), const(10)
_VERSION = b"RTSP/1.0"
_MOST_DIGITS = const(9)  # of a number; a longer one is invalid
_TRACK = "track1"
_SDP = (
    "v=0\r\no=- {0} 1 IN IP4 {1}\r\ns={2}\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"
    "a=range:npt=now-\r\nm=video 0 RTP/AVP 26\r\na=control:" + _TRACK + "\r\n"
)


class RTSPError(Exception):
    """The request is refused with `status`; the message says why. `lines` are headers."""

    def __init__(self, status, reason, lines=""):
        super().__init__(reason)
        self.status = status
        self.lines = lines


class Request:
    """A request; `headers` has lower-case names, `body_bytes` is the size of the skipped body."""

    def __init__(self, method, target, headers, body_bytes):
        self.method = method
        self.target = target
        self.headers = headers
        self.body_bytes = body_bytes

    @property
    def base(self):
        """The address of the stream, without the track."""
        target = self.target
        if target.endswith("/" + _TRACK):
            target = target[: -len(_TRACK)]
        return target if target.endswith("/") else target + "/"

    def respond(self, lines="", body=""):
        """Return the response; `lines` are more headers, each with its end of line."""
        if body:
            lines += "Content-Length: {}\r\n".format(len(body.encode()))
        return response(200, "OK", self.headers["cseq"], lines, body)


class Requests:
    """Finds requests in what a client sends, and skips its packets (receiver reports) and bodies.

    The connection reads into `space()`, then calls `add` and `next`.
    """

    def __init__(self, most_bytes=limits.RTSP_HEAD_BYTES):
        self._view = memoryview(bytearray(most_bytes))
        self._at = self._end = 0
        self._skip = 0  # bytes of a packet or a body

    def space(self):
        """Return a view of the free part of the buffer, which is never empty after `next`."""
        waiting = self._end - self._at
        self._view[:waiting] = self._view[self._at : self._end]
        self._at, self._end = 0, waiting
        return self._view[waiting:]

    def add(self, count):
        """Note that `count` bytes were read into `space()`."""
        self._end += count

    def next(self):
        """Return the next Request, None until more has arrived; RTSPError ends the connection."""
        while self._at < self._end:
            first = self._view[self._at]
            if self._skip:
                skipped = min(self._skip, self._end - self._at)
                self._skip -= skipped
                self._at += skipped
            elif first == _DOLLAR:
                if self._end - self._at < 4:
                    break
                self._skip = 4 + (self._view[self._at + 2] << 8 | self._view[self._at + 3])
            elif first == _CR or first == _LF:
                self._at += 1
            else:
                return self._head()
        return None

    def _head(self):
        data = bytes(self._view[self._at : self._end])
        size = data.find(b"\r\n\r\n")
        if size < 0:
            if len(data) == len(self._view):
                raise RTSPError(413, "The request is longer than {} bytes".format(len(data)))
            return None
        found = parse(data[:size])
        self._at += size + 4
        self._skip = found.body_bytes
        return found


def parse(data):
    """Return the Request in `data` (bytes without the blank line); raises RTSPError."""
    lines = data.split(b"\r\n")
    parts = lines[0].split(b" ")
    if len(parts) != 3 or not all(33 <= byte < 127 for byte in parts[0] + parts[1]):
        raise RTSPError(400, "Bad request line")
    if parts[2] != _VERSION:
        is_rtsp = parts[2][:5] == b"RTSP/"
        raise RTSPError(505 if is_rtsp else 400, "The camera speaks RTSP/1.0 only")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or b"\r" in line or b"\n" in line or line[:1] in b" \t":
            raise RTSPError(400, "Bad header")
        try:
            headers[name.decode().strip().lower()] = value.decode().strip()
        except UnicodeError:
            raise RTSPError(400, "Bad header") from None
    _number(headers.get("cseq", ""), "CSeq")
    body_bytes = _number(headers.get("content-length", "0"), "Content-Length")
    if body_bytes > limits.RTSP_BODY_BYTES:
        raise RTSPError(413, "The body is longer than {} bytes".format(limits.RTSP_BODY_BYTES))
    return Request(parts[0].decode(), parts[1].decode(), headers, body_bytes)


def _number(text, name):
    if not 1 <= len(text) <= _MOST_DIGITS or not all(each in "0123456789" for each in text):
        raise RTSPError(400, "{} must be a number".format(name))
    return int(text)


def response(status, reason, cseq="", lines="", body=""):
    """Return a response as bytes."""
    head = "RTSP/1.0 {} {}\r\n".format(status, reason)
    if cseq:
        head += "CSeq: {}\r\n".format(cseq)
    return (head + lines + "\r\n" + body).encode()


def channels(transport):
    """Return the (RTP, RTCP) channels in the first usable offer of a Transport header, or None."""
    for offer in transport.split(","):
        protocol, *parameters = [each.strip().lower() for each in offer.split(";")]
        if protocol != "rtp/avp/tcp" or "multicast" in parameters:
            continue
        pair = "0-1"
        for each in parameters:
            name, _, value = each.partition("=")
            if name == "interleaved":
                pair = value
        first, _, second = pair.partition("-")
        try:
            one = _number(first, "interleaved")
            other = _number(second, "interleaved") if second else one + 1
        except RTSPError:
            continue
        if one != other and one < 256 and other < 256:
            return one, other
    return None


def description(session, address, name):
    """Return the SDP of the one stream."""
    return _SDP.format(session, address or "0.0.0.0", name)
