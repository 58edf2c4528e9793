"""Frame number in a picture: 24 squares at the bottom edge, white for 1, highest bit first.

Narrow pictures have two rows of 12 squares, so that no square is smaller than a JPEG block.
"""

from PIL import ImageDraw

BITS = 24
_NARROW = 192
_BLOCK = 8


def places(width, height):
    """Yield the rectangle (left, top, right, bottom) of each bit, highest bit first."""
    in_row = BITS if width >= _NARROW else BITS // 2
    side = max(_BLOCK, height // 40 // _BLOCK * _BLOCK)
    rows = BITS // in_row
    for bit in range(BITS):
        row, column = divmod(bit, in_row)
        top = height - (rows - row) * side
        yield column * width // in_row, top, (column + 1) * width // in_row, top + side


def draw(image, number):
    """Draw the lowest 24 bits of `number`."""
    pen = ImageDraw.Draw(image)
    for bit, (left, top, right, bottom) in enumerate(places(*image.size)):
        white = number >> (BITS - 1 - bit) & 1
        pen.rectangle((left, top, right - 1, bottom - 1), "white" if white else "black")
