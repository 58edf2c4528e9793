"""Addresses of brokers: `mqtt://host`, `mqtts://host:8883`, or the bare host."""

from proto.values import BadArgument, int_between

PORTS = {"mqtt": 1883, "mqtts": 8883}  # IANA


def parse_broker(text, port=0, tls=False):
    """(host, port, tls) of a broker URI; `port` and `tls` stand in for what it does not say.

    A non-zero `port` wins over one in the URI. Raises BadArgument.
    """
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "mqtts" if tls else "mqtt", text
    scheme = scheme.lower()
    if scheme not in PORTS:
        raise BadArgument("mqtt://host or mqtts://host")
    authority, _, path = rest.partition("/")
    if path or "@" in authority or any(c in authority for c in " ?#\\\"'<>"):
        raise BadArgument(
            "mqtt://host or mqtts://host; user and password are settings of their own"
        )
    host, own_port = split_port(authority)
    if not host or "[" in host or "]" in host:
        raise BadArgument("mqtt://host or mqtts://host")
    return host, port or own_port or PORTS[scheme], scheme == "mqtts"


def split_port(authority):
    if authority[:1] == "[":  # an IPv6 literal, RFC 3986 section 3.2.2
        host, end, rest = authority[1:].partition("]")
        if not end or rest[:1] not in ("", ":"):
            raise BadArgument("mqtt://[IPv6 address]:port")
        digits = rest[1:]
    else:
        host, _, digits = authority.partition(":")
    return host, int_between(digits, 1, 65_535) if digits else 0


class BrokerURI:
    """Check of a broker's address of at most `high` bytes; empty means none."""

    def __init__(self, high):
        self.high = high

    def __call__(self, text):
        if len(text.encode()) > self.high or any(ord(c) < 33 or ord(c) == 127 for c in text):
            raise BadArgument(str(self))
        if text:
            parse_broker(text)
        return text

    def __str__(self):
        return "mqtt://host or mqtts://host, at most {} characters".format(self.high)
