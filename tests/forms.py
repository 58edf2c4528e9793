"""The firmware's parser of forms on CPython."""

import onpc  # noqa: F401 - app.http.request reads ticks

from app.http.request import Request
from proto.http import parse_head

_HEAD = b"POST / HTTP/1.0\r\n\r\n"


class _NoPeer:
    """Connection without a peer address."""

    def get_extra_info(self, what):
        return None


def parsed(body):
    """Return the fields of a form as a dictionary; raises HTTPError."""
    request = Request(None, parse_head(_HEAD), b"", _NoPeer(), 1_000)
    request._body = body
    return {name: request.form[name] for name in request.form}
