"""Is the head of a request one that may be passed on? (RFC 9112, strict where that is safe)"""

from micropython import const

MOST_HEAD = const(3_072)  # bytes of request line and headers, the blank line included
_MOST_TARGET = const(1_024)
_MOST_HEADERS = const(64)
SECURITY = (  # of every answer: nobody frames it, guesses its type, learns where it was
    "X-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"
)
_HEX = b"0123456789abcdefABCDEF"
_TCHAR = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class BadRequest(Exception):
    """The request is refused: `status` and why."""

    def __init__(self, status, why):
        super().__init__(why)
        self.status = status


def check_head(head):
    """(method, target, content length) of a whole head (bytes); raises BadRequest."""
    lines = head[:-4].split(b"\r\n")
    method, target = _request_line(lines[0])
    if len(lines) - 1 > _MOST_HEADERS:
        raise BadRequest(431, "too many headers")
    hosts = logins = 0
    length = -1
    for line in lines[1:]:
        name, value = _field(line)
        if name == b"host":
            hosts += 1
        elif name == b"authorization":
            logins += 1
        elif name == b"transfer-encoding":
            raise BadRequest(501, "transfer codings are not supported")
        elif name == b"content-length":
            if length >= 0 or not value.isdigit():
                raise BadRequest(400, "content length")
            if len(value) > 9:
                raise BadRequest(413, "body too large")
            length = int(value)
    if hosts != 1 and (hosts or head.find(b" HTTP/1.1\r\n") >= 0):
        raise BadRequest(400, "one Host header is needed")
    if logins > 1:
        raise BadRequest(400, "one Authorization header is enough")
    return method, target, max(length, 0)


def header(head, name):
    """The value of a header of a checked head, as text; None without it, the last of several."""
    wanted = name.lower().encode() + b":"
    found = None
    at = head.find(b"\n") + 1
    while at < len(head) - 2:
        end = head.find(b"\r", at)
        if head[at : at + len(wanted)].lower() == wanted:
            found = head[at + len(wanted) : end].strip().decode()
        at = end + 2
    return found


def _request_line(line):
    parts = line.split(b" ")
    if len(parts) != 3 or not _is_token(parts[0]):
        raise BadRequest(400, "request line")
    method, target, version = parts
    if len(target) > _MOST_TARGET:
        raise BadRequest(414, "address too long")
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise BadRequest(505 if version.startswith(b"HTTP/") else 400, "HTTP version")
    if target[:1] != b"/" or not _is_printable(target) or not _escapes_are_whole(target):
        raise BadRequest(400, "address")
    return method, target


def _field(line):
    name, colon, value = line.partition(b":")
    if not colon or not _is_token(name) or not _is_text(value):
        raise BadRequest(400, "header")
    return name.lower(), value.strip()


def _is_token(text):
    return len(text) > 0 and all(c in _TCHAR for c in text)


def _is_printable(text):
    return all(32 < c < 127 for c in text)


def _is_text(text):
    return all(c >= 32 and c != 127 or c == 9 for c in text)


def _escapes_are_whole(target):
    parts = target.split(b"%")[1:]
    return all(len(p) >= 2 and p[0] in _HEX and p[1] in _HEX for p in parts)
