"""The head of an HTTP/1 request, parsed strictly (RFC 9112), and the reason phrases."""

import time

from micropython import const

from config import limits
from proto.posixtz import DAYS, EPOCH, MONTHS

_LAST_PORT = const(65_535)
_HEX = b"0123456789abcdefABCDEF"
_ALNUM = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TCHAR = b"!#$%&'*+-.^_`|~" + _ALNUM  # RFC 9110 section 5.6.2
_HOST = b"-._~!$&'()*+,;=%[]:" + _ALNUM  # RFC 3986 section 3.2.2

REASONS = {  # RFC 9110 section 15, RFC 6585
    200: "OK",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    411: "Length Required",
    413: "Content Too Large",
    414: "URI Too Long",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}


class HTTPError(Exception):
    """The request is answered with the error `status`; the message says why.

    `advice` replaces the usual advice for the status.
    """

    def __init__(self, status, reason, advice=""):
        super().__init__(reason)
        self.status = status
        self.advice = advice


class Head:
    """The parsed head of a request.

    `target` is a path with its query string, or `*`; `headers` has lower-case names, and as
    `host` the host that the request is for, also if the target names it.
    """

    def __init__(self, method, target):
        self.method = method
        self.target = target
        self.headers = {}
        self.content_length = 0


def parse_head(data):
    """Return the Head in `data` (bytes up to the blank line); raises HTTPError."""
    if data.startswith(b"\r\n"):  # some clients send it after a body (section 2.2)
        data = data[2:]
    lines = data[:-4].split(b"\r\n")
    method, target, authority, is_1_1 = _request_line(lines[0])
    if len(lines) - 1 > limits.HTTP_HEADERS:
        raise HTTPError(431, "too many headers")
    head = Head(method.decode(), target.decode())
    for line in lines[1:]:
        _add_field(head, line)
    host = head.headers.get("host")
    if host is None and is_1_1:
        raise HTTPError(400, "one Host header is needed")
    if host and not _is_authority(host.encode()):
        raise HTTPError(400, "invalid Host header")
    if authority is not None:
        head.headers["host"] = authority.decode()
    if not is_1_1:
        head.headers.pop("expect", None)  # RFC 9110 section 10.1.1
    if "transfer-encoding" in head.headers:
        raise _coded_body(head.headers)
    return head


def escapes_are_whole(text):
    """Return True if two hexadecimal digits follow each `%` in `text` (bytes)."""
    parts = text.split(b"%")[1:]
    return all(len(p) >= 2 and p[0] in _HEX and p[1] in _HEX for p in parts)


def date(seconds):
    """Return the IMF-fixdate (RFC 9110 section 5.6.7) of `seconds` since 2000-01-01 UTC."""
    year, month, day, hour, minute, second, weekday = time.gmtime(seconds - EPOCH)[:7]
    return "{}, {:02d} {} {:04d} {:02d}:{:02d}:{:02d} GMT".format(
        DAYS[3 * weekday :][:3], day, MONTHS[3 * month - 3 :][:3], year, hour, minute, second
    )


def _request_line(line):
    """Return (method, target, authority of an absolute target or None, True for HTTP/1.1)."""
    parts = line.split(b" ")
    if len(parts) != 3 or not _is_token(parts[0]):
        raise HTTPError(400, "invalid request line")
    method, target, version = parts
    if len(target) > limits.HTTP_TARGET_BYTES:
        raise HTTPError(414, "the address is too long")
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise HTTPError(505 if version.startswith(b"HTTP/") else 400, "unsupported HTTP version")
    authority = None
    if target[:7].lower() == b"http://":
        authority, target = _absolute(target)
    is_asterisk = target == b"*" and method == b"OPTIONS"
    if target[:1] != b"/" and not is_asterisk:
        raise HTTPError(400, "invalid address")
    if not _is_printable(target) or not escapes_are_whole(target):
        raise HTTPError(400, "invalid address")
    return method, target, authority, version == b"HTTP/1.1"


def _absolute(target):
    """Return (authority, path and query string) of a target in absolute form."""
    rest = target[7:]
    authority = rest.split(b"/", 1)[0].split(b"?", 1)[0]
    if not authority or not _is_authority(authority):
        raise HTTPError(400, "invalid address")
    path = rest[len(authority) :]
    return authority, path if path[:1] == b"/" else b"/" + path


def _add_field(head, line):
    name, colon, value = line.partition(b":")
    if not colon or not _is_token(name) or not _is_text(value):
        raise HTTPError(400, "invalid header")
    name, value = name.lower().decode(), value.strip()
    if name in ("host", "authorization") and name in head.headers:
        text = "one {} header is needed" if name == "host" else "one {} header is enough"
        raise HTTPError(400, text.format("Host" if name == "host" else "Authorization"))
    if name == "content-length":
        if name in head.headers or not value.isdigit():
            raise HTTPError(400, "invalid Content-Length")
        if len(value) > 9:
            raise HTTPError(413, "the body is too large")
        head.content_length = int(value)
    try:
        head.headers[name] = value.decode()
    except UnicodeError:  # opaque data (RFC 9110 section 5.5)
        head.headers[name] = "".join(chr(byte) for byte in value)


def _coded_body(headers):
    """Return the refusal of a body with transfer codings (RFC 9112 sections 6.1 and 6.3)."""
    codings = headers["transfer-encoding"].lower().split(",")
    if codings[-1].strip() != "chunked" or "content-length" in headers:
        return HTTPError(400, "the length of the body is unclear")
    if len(codings) > 1:
        return HTTPError(501, "transfer codings are not supported")
    return HTTPError(411, "send the body with a Content-Length")


def _is_authority(text):
    """Return True if `text` is a host, with or without a port (RFC 9112 section 3.2)."""
    host, port = text, b""
    if not text.endswith(b"]"):
        host, _, port = text.rpartition(b":") if b":" in text else (text, b"", b"")
    if port and not (port.isdigit() and len(port) <= 5 and int(port) <= _LAST_PORT):
        return False
    if host[:1] != b"[" and b":" in host:
        return False
    return not host.strip(_HOST) and escapes_are_whole(host)


# strip, min and max check all bytes in C: a loop over them takes ten times as long


def _is_token(text):
    return len(text) > 0 and not text.strip(_TCHAR)


def _is_printable(text):
    return min(text) > 32 and max(text) < 127


def _is_text(text):
    return not text or (min(text.replace(b"\t", b" ")) >= 32 and b"\x7f" not in text)
