"""proto.jpegdc: its cells are the means of Pillow's pixels; damaged data is refused or decoded."""

import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from proto import jpegdc
from proto.jpegdc import COLUMNS, ROWS, DCGrid

GRID = DCGrid()  # one for all: nothing may be left of the picture before
SAMPLINGS = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}


def picture(width, height, seed, mode="RGB"):
    """Return smooth patches with some noise, neither black nor white."""
    rng = random.Random(seed)
    bands = [
        ImageChops.add(
            Image.frombytes("L", (8, 6), bytes(rng.randrange(30, 190) for _ in range(48))).resize(
                (width, height), Image.Resampling.BICUBIC
            ),
            Image.frombytes("L", (width, height), rng.randbytes(width * height)).point(
                lambda level: level // 8
            ),
        )
        for _ in mode
    ]
    return Image.merge(mode, bands) if len(bands) > 1 else bands[0]


def encoded(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def shares(size, most):
    """Return the range of blocks of each cell, along one side of a picture."""
    blocks = (size + 7) // 8
    used = min(blocks, most)
    wanted = [cell * used // most for cell in range(most)]
    return [[b for b in range(blocks) if b * used // blocks == share] for share in wanted]


def expected(jpeg):
    """Return the mean of the luminance that Pillow decodes, in the blocks of each cell."""
    image = Image.open(io.BytesIO(jpeg))
    image.draft("L", image.size)  # libjpeg's luminance itself, not that of its colours
    image = image.convert("L")
    width, height = image.size
    blocks = Image.new("L", ((width + 7) // 8 * 8, (height + 7) // 8 * 8))
    blocks.paste(image)
    means = blocks.reduce(8).tobytes()
    across = blocks.width // 8
    whole = {(x, y) for x in range(width // 8) for y in range(height // 8)}
    for rows in shares(height, ROWS):
        for columns in shares(width, COLUMNS):
            # a block beyond the edge has pixels that Pillow does not return
            if all((x, y) in whole for x in columns for y in rows):
                found = [means[y * across + x] for y in rows for x in columns]
                yield sum(found) / len(found)
            else:
                yield None


def agrees(jpeg, tolerance=2):
    GRID.decode(memoryview(jpeg))
    for cell, mean in zip(GRID.cells, expected(jpeg)):
        assert mean is None or abs(cell - mean) <= tolerance, (cell, mean)


@settings(max_examples=25)
@given(
    width=st.integers(1, 700), height=st.integers(1, 300), seed=st.integers(0, 999),
    quality=st.integers(40, 100), sampling=st.sampled_from(sorted(SAMPLINGS)),
    restart=st.sampled_from([0, 0, 1, 2, 7, 50]), optimize=st.booleans(),
    mode=st.sampled_from(["L", "RGB"]),
)  # fmt: skip
def test_cells_are_the_means_of_the_pixels(
    width, height, seed, quality, sampling, restart, optimize, mode
):
    image = picture(width, height, seed, mode)
    options = {"quality": quality, "optimize": optimize, "restart_marker_blocks": restart}
    if mode == "RGB":
        options["subsampling"] = SAMPLINGS[sampling]
    # a coarser quality has a coarser DC: half a step of its quantization
    agrees(encoded(image, **options), tolerance=2)


@pytest.mark.parametrize("size", [(96, 96), (160, 120), (320, 240), (640, 480), (1600, 1200)])
def test_sizes_of_the_sensor(size):
    agrees(encoded(picture(*size, seed=1), subsampling=1))


def test_largest_picture():
    jpeg = encoded(Image.new("RGB", (1601, 8), "white"))
    with pytest.raises(ValueError, match="1600 x 1200"):
        GRID.decode(memoryview(jpeg))


@pytest.mark.parametrize("options", [{"progressive": True}])
def test_another_kind_of_jpeg(options):
    with pytest.raises(ValueError, match="not a baseline JPEG"):
        GRID.decode(memoryview(encoded(picture(64, 48, 1), **options)))


def test_four_colours():
    with pytest.raises(ValueError, match="neither grey nor YCbCr"):
        GRID.decode(memoryview(encoded(picture(64, 48, 1, "CMYK"))))


JPEG = encoded(picture(160, 120, 1), restart_marker_blocks=9)
SCAN = JPEG.index(b"\xff\xda")
REASONS = (
    "it is not a JPEG", "its end is missing", "its headers are damaged", "its data is damaged",
    "its data ends early", "it is not a baseline JPEG", "it is neither grey nor YCbCr with 8 bits",
    "its size is not 1 x 1 to 1600 x 1200 pixels", "a quantization table is damaged",
    "a quantization table is missing", "a Huffman table is damaged", "a Huffman table is missing",
    "it has no frame header", "it has several scans", "its scan does not fit its frame",
    "its colours have more samples than its brightness", "its sampling is damaged",
    "a restart marker is missing",
)  # fmt: skip


def decoded_or_refused(data):
    """Decode in steps, at most as many as the picture has MCUs."""
    try:
        GRID.start(memoryview(data))
        for _ in range(2 + 200 * 150 // jpegdc.limits.MOTION_STEP_MCUS):
            if GRID.step():
                return
    except ValueError as error:
        assert str(error) in REASONS  # an IndexError would be a read outside the data
        return
    raise AssertionError("it has no end")


@given(st.binary(max_size=600))
def test_any_bytes(data):
    decoded_or_refused(data)
    decoded_or_refused(JPEG[: SCAN + 14] + data + b"\xff\xd9")


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, len(JPEG) - 1), st.integers(0, 255)), min_size=1, max_size=8)
)
def test_changed_bytes(changes):
    data = bytearray(JPEG)
    for at, value in changes:
        data[at] = value
    decoded_or_refused(data)


@given(st.lists(st.tuples(st.integers(2, SCAN + 13), st.integers(0, 255)), min_size=1, max_size=3))
def test_changed_headers(changes):
    data = bytearray(JPEG)
    for at, value in changes:
        data[at] = value
    decoded_or_refused(data)


@given(st.integers(0, len(JPEG) - 40))
def test_truncated(size):
    with pytest.raises(ValueError):
        GRID.decode(memoryview(JPEG[:size]))
    with pytest.raises(ValueError):
        GRID.decode(memoryview(JPEG[:size] + b"\xff\xd9"))


def test_signed_view_of_a_driver():
    GRID.decode(memoryview(JPEG))
    cells = bytes(GRID.cells)
    GRID.cells[:] = bytes(len(cells))
    GRID.decode(memoryview(JPEG).cast("b"))
    assert GRID.cells == cells


def test_a_good_picture_after_a_damaged_one():
    GRID.decode(memoryview(JPEG))
    cells = bytes(GRID.cells)
    with pytest.raises(ValueError):
        GRID.decode(memoryview(JPEG[: SCAN + 500] + b"\xff\xd9"))
    GRID.decode(memoryview(encoded(picture(320, 240, 5), optimize=True)))
    GRID.decode(memoryview(JPEG))
    assert GRID.cells == cells
