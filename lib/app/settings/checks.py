"""Checks of settings: the text that a user may type, and its value.

A check is called with text and returns the value, or raises BadArgument; `str(check)` describes
what it allows. `low` and `high` are limits of a number, or of a text in bytes of UTF-8; `names`
are the choices of `OneOf`.
"""

from binascii import hexlify, unhexlify

from app.tls import LEARN
from proto.mqtttext import is_filter, is_layout, is_name, is_printable
from proto.posixtz import parse_rule
from proto.uri import BROKER, parse_broker
from proto.values import BadArgument, as_switch, int_between, number_between


class Between:
    """A whole number from low to high; if these are 0 and 1, also `off`, `on` and so on."""

    def __init__(self, low, high):
        self.low = low
        self.high = high

    def __call__(self, text):
        if (self.low, self.high) == (0, 1):
            text = as_switch(text)
        return number_between(text, self.low, self.high)

    def __str__(self):
        return "{}..{}".format(self.low, self.high)


class OneOf:
    """One of several names, or its position, which is the value: `off`, `on` are 0, 1."""

    def __init__(self, *names):
        self.names = names

    def __call__(self, text):
        text = text.lower()
        if text in self.names:
            return self.names.index(text)
        if self.names == ("off", "on"):
            text = as_switch(text)
        try:
            return number_between(text, 0, len(self.names) - 1)
        except BadArgument:
            raise BadArgument(str(self)) from None

    def __str__(self):
        return " | ".join(self.names)


class Chars:
    """Text of low..high bytes in UTF-8, without control characters."""

    def __init__(self, low, high):
        self.low = low
        self.high = high

    def __call__(self, text):
        if not self.low <= len(text.encode()) <= self.high:
            raise BadArgument(str(self))
        for char in text:
            if ord(char) < 32 or ord(char) == 127:
                raise BadArgument("{}; not {!r}".format(self, char))
        return text

    def __str__(self):
        return "{}..{} characters".format(self.low, self.high)


class MQTTText(Chars):
    """Text that no broker refuses: a string of MQTT 3.1.1 without control characters."""

    def __call__(self, text):
        text = super().__call__(text)
        if not is_printable(text):
            raise BadArgument("{}; no control characters, only valid Unicode".format(self))
        return text


class TopicName(MQTTText):
    """One level of a topic: `/`, `+` and `#` become `_` (as in the C firmware)."""

    def __call__(self, text):
        for char in "/+#":
            text = text.replace(char, "_")
        return super().__call__(text)


class TopicFilter(MQTTText):
    """Topic filter (MQTT 3.1.1 section 4.7)."""

    def __call__(self, text):
        text = super().__call__(text)
        if not is_filter(text):
            raise BadArgument(str(self))
        return text

    def __str__(self):
        return "levels, + for any one, # at the end for all others; " + super().__str__()


class TopicPrefix(MQTTText):
    """The first levels of a topic: no wildcard, no empty level."""

    def __call__(self, text):
        text = super().__call__(text)
        if "" in text.split("/") or not is_name(text):
            raise BadArgument(str(self))
        return text

    def __str__(self):
        return "levels of a topic, without wildcards; " + super().__str__()


class TopicLayout(MQTTText):
    """Levels of a topic, in which %prefix% and %topic% stand for the two that vary."""

    def __call__(self, text):
        text = super().__call__(text)
        if not is_layout(text):
            raise BadArgument(str(self))
        return text

    def __str__(self):
        return "levels with %prefix% and %topic%, once each; " + super().__str__()


class HostNames(Chars):
    """Host names (RFC 1123), or domains with a dot before them, separated by spaces or commas."""

    def __call__(self, text):
        names = super().__call__(text).lower().replace(",", " ").split()
        if not all(_is_host(name) for name in names):
            raise BadArgument(str(self))
        return " ".join(names)

    def __str__(self):
        return "host names; " + super().__str__()


def _is_host(name):
    name = name[1:] if name[0] == "." else name
    return all(
        label and all("a" <= c <= "z" or "0" <= c <= "9" or c == "-" for c in label)
        for label in name.split(".")
    )


class Passphrase(Chars):
    """Text, or none at all. WPA takes 8 to 63 characters; none means an open network."""

    def __call__(self, text):
        return super().__call__(text) if text else text

    def __str__(self):
        return super().__str__() + ", or none"


class WPAKey:
    """Passphrase of a network, or 64 hex digits: the key that is made from one (IEEE 802.11)."""

    low, high = 8, 64

    def __call__(self, text):
        try:
            if len(text) == self.high:
                return hexlify(unhexlify(text)).decode()
            return Passphrase(self.low, self.high - 1)(text)
        except (ValueError, BadArgument):
            raise BadArgument(str(self)) from None

    def __str__(self):
        return "8..63 characters, 64 hex digits, or none"


class KeyPin:
    """SHA-256 of a public key as 64 hex digits, LEARN, or none; colons are ignored."""

    low, high = 0, 64

    def __call__(self, text):
        digits = text.lower().replace(":", "")
        try:
            if digits not in ("", LEARN) and len(unhexlify(digits)) != self.high // 2:
                raise ValueError
        except ValueError:
            raise BadArgument(str(self)) from None
        return digits

    def __str__(self):
        return "64 hex digits, {}, or none".format(LEARN)


class CellMask:
    """Cells of a picture as 48 hex digits, a bit for each, or none."""

    low, high = 0, 48

    def __call__(self, text):
        try:
            if text and len(text) != self.high:
                raise ValueError
            digits = hexlify(unhexlify(text)).decode()
        except ValueError:
            raise BadArgument(str(self)) from None
        return digits if digits.strip("0") else ""

    def __str__(self):
        return "48 hex digits, or none"


class IPv4:
    """Address of a host in a network of 24 bits, as text."""

    low, high = 7, 15

    def __call__(self, text):
        try:
            a, b, c, d = [int_between(part, 0, 255) for part in text.split(".")]
            if not (0 < a < 224 and a != 127 and 0 < d < 255):
                raise ValueError
        except (BadArgument, ValueError):
            raise BadArgument(str(self)) from None
        return "{}.{}.{}.{}".format(a, b, c, d)

    def __str__(self):
        return "an IPv4 address such as 192.168.1.1"


class BrokerURI:
    """Address of a broker, at most `high` bytes; empty means none."""

    def __init__(self, high):
        self.high = high

    def __call__(self, text):
        if len(text.encode()) > self.high or any(ord(c) < 33 or ord(c) == 127 for c in text):
            raise BadArgument(str(self))
        if text:
            parse_broker(text)
        return text

    def __str__(self):
        return "{}, at most {} characters".format(BROKER, self.high)


class ZoneRule:
    """POSIX TZ rule of at most `high` bytes."""

    def __init__(self, high):
        self.high = high

    def __call__(self, text):
        if len(text) > self.high:
            raise BadArgument(str(self))
        parse_rule(text)
        return text

    def __str__(self):
        example = "a POSIX TZ rule such as CET-1CEST,M3.5.0,M10.5.0/3"
        return "{}, at most {} characters".format(example, self.high)


class OptionalIPv4(IPv4):
    """The same, or empty."""

    low = 0

    def __call__(self, text):
        return super().__call__(text) if text else text

    def __str__(self):
        return super().__str__() + ", or none"


class Netmask:
    """Mask of a network with room for at least two hosts, as text."""

    low, high = 7, 15

    def __call__(self, text):
        try:
            a, b, c, d = [int_between(part, 0, 255) for part in text.split(".")]
        except (BadArgument, ValueError):
            raise BadArgument(str(self)) from None
        bits = "{:032b}".format(a << 24 | b << 16 | c << 8 | d)
        if "01" in bits or not 8 <= bits.count("1") <= 30:
            raise BadArgument(str(self))
        return "{}.{}.{}.{}".format(a, b, c, d)

    def __str__(self):
        return "a mask such as 255.255.255.0"
