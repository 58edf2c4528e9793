"""Frame sizes by name, in the order of their numbers in micropython-camera-API."""

SIZES = {
    "R96X96": (96, 96),
    "QQVGA": (160, 120),
    "R128x128": (128, 128),
    "QCIF": (176, 144),
    "HQVGA": (240, 176),
    "R240X240": (240, 240),
    "QVGA": (320, 240),
    "R320X320": (320, 320),
    "CIF": (400, 296),
    "HVGA": (480, 320),
    "VGA": (640, 480),
    "SVGA": (800, 600),
    "XGA": (1024, 768),
    "HD": (1280, 720),
    "SXGA": (1280, 1024),
    "UXGA": (1600, 1200),
}
NAMES = list(SIZES)
UXGA = NAMES.index("UXGA")  # the largest size of the OV2640


def pixels(number):
    """Return (width, height) of a frame size number."""
    return SIZES[NAMES[number]]
