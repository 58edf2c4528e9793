"""Camera parameters and frame sizes, as they appear on the wire."""

import json

from proto.values import BadArgument, as_switch, number_between

SAVE = "save_to_nvs"
PARAMS = (  # name, low, high, value at the first start, which is the OV2640 driver's own
    ("framesize", 0, 13, 13),
    ("quality", 0, 63, 8),
    ("contrast", -2, 2, 0),
    ("brightness", -2, 2, 0),
    ("saturation", -2, 2, 0),
    ("gainceiling", 0, 6, 0),
    ("colorbar", 0, 1, 0),
    ("awb", 0, 1, 1),
    ("agc", 0, 1, 1),
    ("aec", 0, 1, 1),
    ("hmirror", 0, 1, 0),
    ("vflip", 0, 1, 0),
    ("awb_gain", 0, 1, 1),
    ("agc_gain", 0, 30, 0),
    ("aec_value", 0, 1200, 168),
    ("aec2", 0, 1, 0),
    ("dcw", 0, 1, 1),
    ("bpc", 0, 1, 0),
    ("wpc", 0, 1, 1),
    ("raw_gma", 0, 1, 1),
    ("lenc", 0, 1, 1),
    ("special_effect", 0, 6, 0),
    ("wb_mode", 0, 4, 0),
    ("ae_level", -2, 2, 0),
    ("nightmode", 0, 1, 0),
)
_OF_3660 = {  # ranges of its driver, where they differ from the OV2640's
    "contrast": (-3, 3),
    "brightness": (-3, 3),
    "saturation": (-4, 4),
    "ae_level": (-5, 5),
    "agc_gain": (0, 64),
    "gainceiling": (0, 511),  # in sixteenths
}
RANGES = {"OV3660": _OF_3660, "OV5640": _OF_3660}  # by sensor
FRAMESIZES = (  # name, width, height; the index is the number on the wire, not a driver's
    ("96X96", 96, 96),
    ("QQVGA", 160, 120),
    ("QCIF", 176, 144),
    ("HQVGA", 240, 176),
    ("240X240", 240, 240),
    ("QVGA", 320, 240),
    ("CIF", 400, 296),
    ("HVGA", 480, 320),
    ("VGA", 640, 480),
    ("SVGA", 800, 600),
    ("XGA", 1024, 768),
    ("HD", 1280, 720),
    ("SXGA", 1280, 1024),
    ("UXGA", 1600, 1200),
)
CHOICES = {  # parameters whose values have names, which are accepted too; the index is the value
    "framesize": tuple(row[0] for row in FRAMESIZES),
    "special_effect": (
        "Normal",
        "Negative",
        "Greyscale",
        "Reddish",
        "Greenish",
        "Bluish",
        "Sepia",
    ),
    "wb_mode": ("Automatic", "Sunny", "Cloudy", "Office", "Home"),
    "gainceiling": ("2x", "4x", "8x", "16x", "32x", "64x", "128x"),
}
_EXAMPLE = 'a JSON object such as {"framesize": "8"}'


def size_name(number):
    """Return the name of a frame size, given its number on the wire."""
    return FRAMESIZES[number][0]


def limits_of(name, sensor=""):
    """Return (low, high) of a parameter with that sensor, None if there is no such parameter.

    With an unknown sensor, they are those of the OV2640.
    """
    for row in PARAMS:
        if row[0] == name:
            return RANGES.get(sensor, {}).get(name, row[1:3])
    return (0, 1) if name == SAVE else None


def choices_of(name, sensor=""):
    """Return the names of a parameter's values, () if they have none with that sensor."""
    names = CHOICES.get(name, ())
    return names if names and limits_of(name, sensor) == (0, len(names) - 1) else ()


def _choice(name, text, sensor):
    """Return the value that a parameter's `text` names, in any case; None if there is none."""
    for value, choice in enumerate(choices_of(name, sensor)):
        if choice.lower() == text.lower():
            return value
    return None


def parse(text, sensor=""):
    """Return [(name, value), ...] of a JSON object, in its order, for that sensor.

    Values are numbers, strings of them, or names from CHOICES. Raises BadArgument, which names the
    parameter at fault.
    """
    try:
        wanted = json.loads(text)
    except ValueError:
        raise BadArgument(_EXAMPLE) from None
    if not isinstance(wanted, dict) or not wanted:
        raise BadArgument(_EXAMPLE)
    names = sorted(wanted, key=lambda name: text.find('"{}"'.format(name)))  # a dict has no order
    return [(name, value_of(name, wanted[name], sensor)) for name in names]


def value_of(name, value, sensor=""):
    """Return the number of a parameter's value: a number, its text, or a name; BadArgument."""
    limits = limits_of(name, sensor)
    if not limits:
        names = ", ".join(sorted([row[0] for row in PARAMS] + [SAVE]))
        raise BadArgument("{}: no such parameter; {}".format(name, names))
    if not isinstance(value, (int, float, str)):
        raise BadArgument("{}: must be a number".format(name))
    text = str(value).strip()
    number = _choice(name, text, sensor)
    if number is not None:
        return number
    low, high = limits
    if (low, high) == (0, 1):
        text = as_switch(text)
    try:
        return number_between(text, low, high)
    except BadArgument:
        raise BadArgument("{}: {}..{}".format(name, low, high)) from None
