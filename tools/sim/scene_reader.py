"""Read the frame number from a picture of the simulated camera."""

import io

import marks
from PIL import Image


def frame_number(jpeg):
    """Return the frame number encoded in a JPEG; raise ValueError if there is none."""
    try:
        image = Image.open(io.BytesIO(jpeg))
        image.load()
    except OSError as exc:
        raise ValueError(f"not a JPEG: {exc}") from None
    grey = image.convert("L")
    number = 0
    for left, top, right, bottom in marks.places(*grey.size):
        level = grey.getpixel(((left + right) // 2, (top + bottom) // 2))
        if 80 < level < 176:
            raise ValueError("the squares of the frame number are not black or white")
        number = number << 1 | (level >= 128)
    return number
