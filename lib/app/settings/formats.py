"""Checks of settings for publishing: web addresses and headers, times of day, places.

As in app.settings.checks; `high` is the length of the longest text.
"""

from proto.daytimes import SUN, parse_times
from proto.sun import parse_place
from proto.uri import parse_url
from proto.values import BadArgument

_TOKEN_MARKS = "!#$%&'*+-.^_`|~"  # RFC 9110 section 5.6.2
_OWN_HEADERS = "host content-length content-type transfer-encoding connection".split()


class WebAddress:
    """http:// or https:// address of at most `high` characters, or none."""

    def __init__(self, high):
        self.high = high

    def __call__(self, text):
        if len(text) > self.high:
            raise BadArgument(str(self))
        if text:
            parse_url(text)
        return text

    def __str__(self):
        return "http://host/path or https://host/path, at most {} characters".format(self.high)


class DayTimes:
    """A span of time within each day, `sun`, or none."""

    high = 11

    def __call__(self, text):
        text = text.lower()
        if len(text) > self.high:
            raise BadArgument(str(self))
        if text and text != SUN:
            parse_times(text)
        return text

    def __str__(self):
        return "HH:MM-HH:MM, sun, or none"


class Place:
    """Latitude and longitude in degrees, or none."""

    high = 40

    def __call__(self, text):
        if len(text) > self.high:
            raise BadArgument(str(self))
        if text:
            parse_place(text)
        return text

    def __str__(self):
        return "latitude,longitude in degrees, such as 48.137,11.575, or none"


class HeaderLine:
    """`Name: value` of an HTTP header (RFC 9110 section 5), at most `high` characters, or none."""

    def __init__(self, high):
        self.high = high

    def __call__(self, text):
        name, colon, value = text.partition(":")
        if not text:
            return text
        is_text = all(31 < ord(char) < 127 for char in value)
        if len(text) > self.high or not (colon and value.strip() and is_text and _is_token(name)):
            raise BadArgument(str(self))
        if name.lower() in _OWN_HEADERS:
            raise BadArgument("{} is set by the camera".format(name))
        return "{}: {}".format(name, value.strip())

    def __str__(self):
        return "Name: value, at most {} characters".format(self.high)


def _is_token(name):
    return bool(name) and all(c in _TOKEN_MARKS or c.isalpha() or c.isdigit() for c in name)
