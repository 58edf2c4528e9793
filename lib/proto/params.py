"""Camera parameters as they stand on the wire: names and ranges."""

import json

from proto.framesizes import size_number
from proto.values import BadArgument, int_between

# name, low, high, value at the first start (what the OV2640 driver begins with)
_PARAMS = """\
framesize 0 13 13
quality 0 63 8
contrast -2 2 0
brightness -2 2 0
saturation -2 2 0
gainceiling 0 6 0
colorbar 0 1 0
awb 0 1 1
agc 0 1 1
aec 0 1 1
hmirror 0 1 0
vflip 0 1 0
awb_gain 0 1 1
agc_gain 0 30 0
aec_value 0 1200 168
aec2 0 1 0
dcw 0 1 1
bpc 0 1 0
wpc 0 1 1
raw_gma 0 1 1
lenc 0 1 1
special_effect 0 6 0
wb_mode 0 4 0
ae_level -2 2 0
nightmode 0 1 0"""
SAVE = "save_to_nvs"


def params():
    """Each parameter as (name, low, high, value at the first start)."""
    return map(_row, _PARAMS.split("\n"))


def _row(line):
    name, *numbers = line.split(" ")
    return tuple([name] + [int(number) for number in numbers])


def _limits(name):
    """(low, high) of a parameter, None for what is none."""
    for row in params():
        if row[0] == name:
            return row[1:3]
    return (0, 1) if name == SAVE else None


def parse(text):
    """[(name, value), ...] of a JSON object, in its order; BadArgument names the parameter.

    Values may be numbers or strings of them; `framesize` also its name.
    """
    try:
        wanted = json.loads(text)
    except ValueError:
        raise BadArgument('a JSON object such as {"framesize": "8"}') from None
    if not isinstance(wanted, dict) or not wanted:
        raise BadArgument('a JSON object such as {"framesize": "8"}')
    ordered = sorted(wanted, key=lambda name: text.find('"{}"'.format(name)))  # dict forgets it
    return [(name, _value(name, wanted[name])) for name in ordered]


def _value(name, value):
    limits = _limits(name)
    if not limits:
        names = ", ".join(sorted([row[0] for row in params()] + [SAVE]))
        raise BadArgument("{}: no such parameter; {}".format(name, names))
    if value is True or value is False or not isinstance(value, (int, str)):
        raise BadArgument("{}: a number".format(name))
    number = size_number(value) if name == "framesize" and isinstance(value, str) else None
    if number is not None:
        return number
    low, high = limits
    try:
        return int_between(str(value), low, high)
    except BadArgument:
        raise BadArgument("{}: {}..{}".format(name, low, high)) from None
