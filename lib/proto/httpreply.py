"""The head of an HTTP response, line by line (RFC 9112), as far as a download needs it."""

from config import limits

_NEEDED = (
    b"content-length", b"transfer-encoding", b"content-encoding", b"location", b"content-range"
)  # fmt: skip
REDIRECTS = (301, 302, 303, 307, 308)


class BadReply(OSError):
    """The response cannot be used; the message says why."""


class Reply:
    """`feed` it the lines without their ends, the empty one last; then the attributes are set."""

    def __init__(self):
        self.status = 0
        self.reason = ""
        self.length = None  # Content-Length
        self.chunked = False
        self.location = ""
        self.tag = ""  # ETag, only a strong one
        self.first = self.total = None  # of Content-Range
        self._lines = 0

    def feed(self, line):
        """Process a line (bytes); return True for the last one. Raises BadReply."""
        self._lines += 1
        if self._lines > limits.UPDATE_HEADERS:
            raise BadReply("the response has too many headers")
        if self._lines == 1:
            self._status_line(line)
        elif line:
            name, colon, value = line.partition(b":")
            if not colon:
                raise BadReply("the response has a bad header")
            self._header(name.strip().lower(), _text(value.strip()))
        return not line

    def is_interim(self):
        """Return True if another response follows (RFC 9110 section 15.2)."""
        return 100 <= self.status < 200 and self.status != 101  # no other protocol was asked for

    def _status_line(self, line):
        parts = line.split(b" ", 2)
        if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
            raise BadReply("the server does not speak HTTP")
        self.status = int(parts[1][:4])
        self.reason = _text(parts[2]) if len(parts) > 2 else ""

    def _header(self, name, value):
        if name == b"content-length":
            length = _number(value)
            if self.length not in (None, length):
                raise BadReply("the response has two lengths")
            self.length = length
        elif name == b"transfer-encoding":
            if value.lower() != "chunked":
                raise BadReply("the response comes as " + value)
            self.chunked = True
        elif name == b"content-encoding":
            if value.lower() not in ("", "identity"):
                raise BadReply("the response is compressed: " + value)
        elif name == b"location":
            self.location = value
        elif name == b"etag":
            self.tag = value if value[:1] == '"' else ""
        elif name == b"content-range":
            self._range(value)

    def _range(self, value):
        unit, _, rest = value.partition(" ")
        span, _, total = rest.partition("/")
        if unit.lower() != "bytes":
            raise BadReply("the response has a bad range")
        self.first = _number(span.partition("-")[0])
        self.total = None if total == "*" else _number(total)

    def __str__(self):
        return "the server answered {} {}".format(self.status, self.reason).strip()


def is_needed(line):
    """Return True if a line must not be skipped: it is not a header, or one that Reply reads."""
    name, colon, _ = bytes(line).partition(b":")
    return not colon or name.strip().lower() in _NEEDED


def chunk_size(line):
    """Return the size in a chunk's first line; extensions after a semicolon are ignored."""
    digits = line.partition(b";")[0].strip()
    if not digits or len(digits) > 8 or any(c not in b"0123456789abcdefABCDEF" for c in digits):
        raise BadReply("the response has a bad chunk")
    return int(digits, 16)


def _number(text):
    if not (text and len(text) < 10 and all("0" <= c <= "9" for c in text)):
        raise BadReply("the response has a bad length")
    return int(text)


def _text(raw):
    return "".join(chr(c) if 32 <= c < 127 else "?" for c in raw)
