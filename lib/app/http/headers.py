"""Headers of all responses, and a response in plain text without the application."""

from proto.http import REASONS, date

_FIXED = (
    ("X-Frame-Options", "DENY"),  # no other page embeds a page of the camera
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    (
        "Content-Security-Policy",
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("Connection", "close"),
)
_PLAIN = (
    "HTTP/1.0 {} {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
    "Cache-Control: no-store\r\n{}{}\r\n{}"
)


class Headers:
    """Headers of each response, with `Date` once the clock is set."""

    def __init__(self, clock):
        self._clock = clock
        self._made_at = None  # second of `_lines`
        self._lines = ""

    def pairs(self):
        """Return the headers as [(name, value), ...]."""
        if not self._clock.set.is_set():
            return _FIXED
        return _FIXED + (("Date", date(self._clock.utc())),)  # RFC 9110 section 6.6.1

    def lines(self):
        """Return the headers as text, each line with its end; made once a second."""
        now = self._clock.utc() if self._clock.set.is_set() else 0
        if self._made_at != now:
            self._made_at = now
            self._lines = "".join("{}: {}\r\n".format(*pair) for pair in self.pairs())
        return self._lines

    def plain(self, status, reason):
        """Return a complete response in plain text, as bytes."""
        body = "{} {}: {}\n".format(status, REASONS[status], reason)
        retry = "Retry-After: 5\r\n" if status == 503 else ""
        parts = status, REASONS[status], len(body), retry, self.lines(), body
        return _PLAIN.format(*parts).encode()
