"""Addresses of updates: `http://` and `https://`, and where a redirect leads (RFC 3986)."""

from binascii import b2a_base64

from proto.uri import split_port
from proto.values import BadArgument

_PORTS = {"http": 80, "https": 443}
_HOW = "http://host/file or https://host/file"


class URL:
    """`tls`, `host`, `port`, `path` (with the query), `login` (Basic credentials or "")."""

    def __init__(self, tls, host, port, path, login):
        self.tls = tls
        self.host = host
        self.port = port
        self.path = path
        self.login = login

    def authority(self):
        """What a Host header says."""
        host = "[{}]".format(self.host) if ":" in self.host else self.host
        usual = self.port == _PORTS["https" if self.tls else "http"]
        return host if usual else "{}:{}".format(host, self.port)

    def same_place(self, other):
        return (self.tls, self.host, self.port) == (other.tls, other.host, other.port)


def parse(text):
    """The URL of a text; raises BadArgument."""
    scheme, found, rest = text.partition("://")
    if not found or scheme.lower() not in _PORTS:
        raise BadArgument(_HOW)
    if any(not 32 < ord(c) < 127 or c in '"<>\\^`{|}' for c in text):
        raise BadArgument(_HOW + "; special characters as %XX")
    rest = rest.partition("#")[0]
    end = min(at if at >= 0 else len(rest) for at in (rest.find("/"), rest.find("?")))
    user, at, place = rest[:end].rpartition("@")
    host, port = split_port(place if at else rest[:end])
    if not host or "@" in user or "[" in host:
        raise BadArgument(_HOW)
    path = rest[end:]
    path = path if path[:1] == "/" else "/" + path
    login = b2a_base64(_unescaped(user)).decode().strip() if user else ""
    return URL(scheme.lower() == "https", host, port or _PORTS[scheme.lower()], path, login)


def follow(base, location):
    """Where a redirect leads; credentials stay with the host they were meant for."""
    if location[:2] == "//":
        location = ("https:" if base.tls else "http:") + location
    name = location.partition("/")[0].partition("?")[0]
    if ":" in name:
        url = parse(location)
        if base.tls and not url.tls:
            raise BadArgument("redirected from https to http")
        if base.same_place(url):
            url.login = base.login
        else:
            url.login = ""
        return url
    path = base.path.partition("?")[0]
    if location[:1] != "/":
        location = path[: path.rfind("/") + 1] + location
    scheme = "https://" if base.tls else "http://"
    url = parse(scheme + base.authority() + location)
    url.login = base.login
    return url


def hidden(text):
    """The address for people to see: without its password."""
    scheme, found, rest = text.partition("://")
    place, slash, path = rest.partition("/")
    user, at, host = place.rpartition("@")
    if not (found and at):
        return text
    return "{}://{}:***@{}{}{}".format(scheme, user.partition(":")[0], host, slash, path)


def _unescaped(text):
    parts = text.split("%")
    out = parts[0].encode()
    for part in parts[1:]:
        try:
            out += bytes((int(part[:2], 16),)) + part[2:].encode()
        except ValueError:
            raise BadArgument(_HOW + "; % as %25") from None
    return out
