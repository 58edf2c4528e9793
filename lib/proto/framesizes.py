"""Frame sizes of the camera by the C firmware's numbers."""

# position = the number on the wire; drivers number otherwise: map by name
_FRAMESIZES = """\
96X96 96 96
QQVGA 160 120
QCIF 176 144
HQVGA 240 176
240X240 240 240
QVGA 320 240
CIF 400 296
HVGA 480 320
VGA 640 480
SVGA 800 600
XGA 1024 768
HD 1280 720
SXGA 1280 1024
UXGA 1600 1200"""


def framesizes():
    """Each frame size as (name, width, height) in pixels, by its number."""
    for line in _FRAMESIZES.split("\n"):
        name, width, height = line.split(" ")
        yield name, int(width), int(height)


def size_name(number):
    """The name of a frame size on the wire."""
    return _FRAMESIZES.split("\n")[number].split(" ")[0]


def size_number(name):
    """Of a frame size by its name, None for what is none."""
    for number, row in enumerate(framesizes()):
        if row[0] == name.upper():
            return number
    return None
