"""Addresses of brokers and of updates (RFC 3986).

A broker's is `mqtt://host`, `mqtts://host:8883` or the bare host, over WebSocket `ws://host/path`
or `wss://host/path`; an update's is `http://...` or `https://...`.
"""

from binascii import b2a_base64, unhexlify

from proto.values import BadArgument, int_between

MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}  # IANA
_WEB_PORTS = {"ws": 80, "wss": 443}  # RFC 6455 section 3
_WEB_PATH = "/mqtt"  # of most brokers
_HTTP_PORTS = {"http": 80, "https": 443}
BROKER = "mqtt://host, mqtts://host, ws://host/path or wss://host/path"
_URL = "http://host/file or https://host/file"


def parse_broker(text, port=0, tls=False):
    """Return (host, port, tls) of a broker; `port` and `tls` replace what the text omits.

    A non-zero `port` takes precedence over one in the text. Raises BadArgument.
    """
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "mqtts" if tls else "mqtt", text
    scheme = scheme.lower()
    standard = MQTT_PORTS.get(scheme) or _WEB_PORTS.get(scheme)
    if not standard:
        raise BadArgument(BROKER)
    authority, _, path = rest.partition("/")
    if (path and scheme in MQTT_PORTS) or "@" in authority:
        raise BadArgument(BROKER + "; user and password are settings of their own")
    if any(c in authority for c in " ?#\\\"'<>") or any(not 32 < ord(c) < 127 for c in path):
        raise BadArgument(BROKER)
    host, own_port = _host_and_port(authority)
    if not host or "[" in host or "]" in host:
        raise BadArgument(BROKER)
    return host, port or own_port or standard, scheme in ("mqtts", "wss")


def websocket_path(text):
    """Return the path of a broker over WebSocket, with its query; "" for any other broker."""
    scheme, found, rest = text.partition("://")
    if not found or scheme.lower() not in _WEB_PORTS:
        return ""
    _, slash, path = rest.partition("/")
    return slash + path.partition("#")[0] if path else _WEB_PATH


def parse_url(text):
    """Return the URL in a text; raises BadArgument."""
    scheme, found, rest = text.partition("://")
    scheme = scheme.lower()
    if not found or scheme not in _HTTP_PORTS:
        raise BadArgument(_URL)
    if any(not 32 < ord(c) < 127 or c in '"<>\\^`{|}' for c in text):
        raise BadArgument(_URL + "; special characters as %XX")
    rest = rest.partition("#")[0]
    end = _end_of_authority(rest)
    authority, path = rest[:end], rest[end:]
    user, _, place = authority.rpartition("@")
    host, port = _host_and_port(place)
    if not host or "@" in user or "[" in host:
        raise BadArgument(_URL)
    try:
        login = b2a_base64(percent_decoded(user)).decode().strip() if user else ""
    except ValueError:
        raise BadArgument(_URL + "; % as %25") from None
    path = path if path[:1] == "/" else "/" + path
    return URL(scheme == "https", host, port or _HTTP_PORTS[scheme], path, login)


class URL:
    """`tls`, `host`, `port`, `path` (with the query), `login` (Basic credentials or "")."""

    def __init__(self, tls, host, port, path, login):
        self.tls = tls
        self.host = host
        self.port = port
        self.path = path
        self.login = login

    def authority(self):
        """Return the value of a Host header."""
        standard = self.port == _HTTP_PORTS["https" if self.tls else "http"]
        return self.host if standard else "{}:{}".format(self.host, self.port)

    def same_origin(self, other):
        return (self.tls, self.host, self.port) == (other.tls, other.host, other.port)

    def follow(self, location):
        """Return the URL that a redirect leads to (RFC 3986 section 5.2).

        Credentials stay with their origin. Raises BadArgument, also for a redirect from https to
        http.
        """
        scheme = "https:" if self.tls else "http:"
        location = location.partition("#")[0]
        if location[:2] == "//":
            location = scheme + location
        elif ":" not in location.partition("/")[0].partition("?")[0]:  # no scheme: relative
            location = "{}//{}{}".format(scheme, self.authority(), self._merged(location))
        url = parse_url(location)
        if self.tls and not url.tls:
            raise BadArgument("redirected from https to http")
        path, mark, query = url.path.partition("?")
        url.path = _without_dots(path) + mark + query
        url.login = self.login if self.same_origin(url) else ""
        return url

    def _merged(self, reference):
        """Return the path and query that a reference without an authority leads to."""
        path = self.path.partition("?")[0]
        if not reference:
            return self.path
        if reference[0] == "?":
            return path + reference
        return reference if reference[0] == "/" else path[: path.rfind("/") + 1] + reference


def _without_dots(path):
    """Return an absolute path without the segments `.` and `..` (RFC 3986 section 5.2.4)."""
    out = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == ".." and out:
            out.pop()
        if segment not in (".", ".."):
            out.append(segment)
    if segments[-1] in (".", ".."):
        out.append("")
    return "/" + "/".join(out)


def login_of(text):
    """Return `user:password` of an address, "" for none."""
    return _parts(text)[1]


def with_login(text, login):
    """Return an address with another `user:password`, or "" for none."""
    scheme, _, rest = _parts(text)
    return scheme + login + ("@" if login else "") + rest


def without_password(text):
    """Return an address for display, with `***` as its password."""
    login = login_of(text)
    return with_login(text, login.partition(":")[0] + ":***") if login else text


def _parts(text):
    """Return an address as (scheme with its slashes, `user:password`, the rest).

    The scheme may be missing: a login must be found even in an address that cannot be used.
    """
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "", text
    end = _end_of_authority(rest)
    login, _, place = rest[:end].rpartition("@")
    return scheme + found, login, place + rest[end:]


def _end_of_authority(rest):
    """Return the length of the authority at the start of a text (RFC 3986 section 3.2)."""
    return min(at for at in (rest.find("/"), rest.find("?"), rest.find("#"), len(rest)) if at >= 0)


def percent_decoded(text):
    """Return text with %XX as bytes; raises ValueError."""
    first, *parts = text.split("%")
    out = first.encode()
    for part in parts:
        if len(part) < 2:
            raise ValueError("an escape is cut off")
        out += unhexlify(part[:2]) + part[2:].encode()
    return out


def _host_and_port(authority):
    """Return (host, port or 0); raises BadArgument."""
    if authority[:1] == "[":  # RFC 3986 section 3.2.2; sockets of the port are IPv4
        raise BadArgument("a name or an IPv4 address; IPv6 does not work here")
    host, _, digits = authority.partition(":")
    return host, int_between(digits, 1, 65_535) if digits else 0
