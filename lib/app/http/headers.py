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
_POLICY = "Cross-Origin-Resource-Policy"
_OURS, _ALL = "same-origin", "cross-origin"  # pages that may embed a response
_PLAIN = (
    "HTTP/1.0 {} {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
    "Cache-Control: no-store\r\n{}{}\r\n{}"
)


class Headers:
    """Headers of each response, with `Date` once the clock is set.

    Browsers let only the camera's own pages embed a response, but a picture in any page if the
    setting `embed` is 1.
    """

    def __init__(self, clock, settings):
        self._clock = clock
        self._settings = settings
        self._made_for = None  # (second, policy) of `_lines`
        self._lines = ""
        self.sent = {}  # class of the status, such as "2xx" -> number of responses

    def count(self, status):
        """Count a response by the class of its status."""
        kind = "{}xx".format(status // 100)
        self.sent[kind] = self.sent.get(kind, 0) + 1

    def pairs(self, policy=_OURS):
        """Return the headers as [(name, value), ...]."""
        pairs = _FIXED + ((_POLICY, policy),)
        if not self._clock.set.is_set():
            return pairs
        return pairs + (("Date", date(self._clock.utc())),)  # RFC 9110 section 6.6.1

    def lines(self, policy=_OURS):
        """Return the headers as text, each line with its end; made once a second."""
        wanted = self._clock.utc() if self._clock.set.is_set() else 0, policy
        if self._made_for != wanted:
            self._made_for = wanted
            self._lines = "".join("{}: {}\r\n".format(*pair) for pair in self.pairs(policy))
        return self._lines

    def picture_lines(self):
        """Return the headers of a picture as text."""
        return self.lines(_ALL if self._settings["embed"] else _OURS)

    def plain(self, status, reason):
        """Return a complete response in plain text, as bytes, and count it."""
        self.count(status)
        body = "{} {}: {}\n".format(status, REASONS[status], reason)
        retry = "Retry-After: 5\r\n" if status == 503 else ""
        parts = status, REASONS[status], len(body), retry, self.lines(), body
        return _PLAIN.format(*parts).encode()
