"""Machine code: with any picture, it stays within its buffers and within 32 bits."""

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machinecode import Fault, checked

from app.motion import detector, light
from proto import jpeg, jpegdc, jpegscan

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
STEP = 16  # of the quantization: the mean of a block is 128 + 2 * DC
DQT = b"\0" + bytes([STEP]) + b"\1" * 63
DC_CODES = bytes([0, 0, 0, 12]) + bytes(12) + bytes(range(12))  # 12 codes of 4 bits
END, ZEROS, RUN, VALUE = 0, 0xF0, 0xEA, 0x0A
CODES = {END: (0, 1), ZEROS: (0x800, 12), RUN: (0x8010, 16), VALUE: (0x8011, 16)}
AC_CODES = bytes([1] + [0] * 10 + [1] + [0] * 3 + [2]) + bytes(CODES)
RESTS = ((END,), (RUN, END), (ZEROS,) * 3 + (RUN,), (ZEROS,) * 3 + (VALUE,) * 15, (VALUE, END))
BLOCKS = st.lists(st.tuples(st.integers(-60, 60), st.sampled_from(RESTS)), min_size=1, max_size=16)
CELLS = st.binary(min_size=192, max_size=192) | st.lists(
    st.sampled_from([0, 15, 16, 17, 244, 245, 255]), min_size=16, max_size=16
).map(lambda row: bytes(row * 12))


@pytest.fixture(scope="module", autouse=True)
def checks():
    """Give the modules checked functions."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (jpegscan, jpeg, light, detector):
            for name, function in checked(module):
                patch.setattr(module, name, function)
        yield


GRID = jpegdc.DCGrid()


def segment(kind, body):
    return bytes([0xFF, kind]) + (len(body) + 2).to_bytes(2, "big") + body


def headers(width, height, samplings, interval=0):
    count = len(samplings)
    size = b"\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big")
    frame = size + bytes([count]) + b"".join([bytes([n, samplings[n], 0]) for n in range(count)])
    scan = bytes([count]) + b"".join([bytes([n, 0]) for n in range(count)]) + b"\0\x3f\0"
    return SOI + b"".join(
        [
            segment(0xDB, DQT),
            segment(0xC4, b"\0" + DC_CODES),
            segment(0xC4, b"\x10" + AC_CODES),
            segment(0xDD, interval.to_bytes(2, "big")),
            segment(0xC0, frame),
            segment(0xDA, scan),
        ]
    )


def packed(bits):
    bits += "1" * (-len(bits) % 8)
    data = bytes([int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)])
    return data.replace(b"\xff", b"\xff\0")


def row(blocks, interval):
    """Return a picture of one row of blocks: a DC coefficient, and symbols for the rest."""
    data, bits, before = headers(8 * len(blocks), 8, [0x11], interval), "", 0
    for n, (dc, rest) in enumerate(blocks):
        if interval and n and n % interval == 0:
            data += packed(bits) + bytes([0xFF, 0xD0 + (n // interval - 1) % 8])
            bits, before = "", 0
        change, before = dc - before, dc
        size = abs(change).bit_length()
        bits += f"{size:04b}"
        bits += f"{change if change > 0 else change + (1 << size) - 1:0{size}b}" if size else ""
        for symbol in rest:
            code, length = CODES[symbol]
            bits += f"{code:0{length}b}" + "1" * (symbol & 0xF)
    return data + packed(bits) + EOI


def decode(data, mcus):
    """Decode in steps of `mcus`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpegdc.limits, "MOTION_STEP_MCUS", mcus)
        GRID.decode(memoryview(data).cast("b"))


def test_faults_of_the_chip_are_seen():
    sums = array("I", bytes(4 * 3))
    jpegscan.clear(sums, 3)
    with pytest.raises(Fault, match="item 3 of 3"):
        jpegscan.clear(sums, 4)
    with pytest.raises(Fault, match="in 32 bits"):
        jpegscan.share(bytearray(8), 1 << 30, 8, 1 << 30)


@settings(max_examples=40)
@given(BLOCKS, st.integers(0, 3), st.integers(1, 5))
def test_pictures_in_any_steps(blocks, interval, mcus):
    decode(row(blocks, interval), mcus)
    means = [128 + 2 * blocks[n * len(blocks) // 16][0] for n in range(16)]
    assert list(GRID.cells) == means * 12


@settings(max_examples=30)
@given(BLOCKS, st.integers(0, 3), st.data())
def test_damaged_pictures(blocks, interval, draw):
    data = bytearray(row(blocks, interval))
    for _ in range(3):
        data[draw.draw(st.integers(2, len(data) - 3))] = draw.draw(st.integers(0, 255))
    try:
        decode(data, 2)
    except ValueError:
        pass


def test_any_sampling_of_the_largest_picture():
    data = bytes(5_000) + EOI  # for two rows of MCUs
    accepted = []
    for sampling in range(256):
        try:
            decode(headers(1_600, 1_200, [sampling, 0x11, 0x11]) + data, 160)
        except ValueError as error:
            if str(error) == "its data ends early":
                accepted.append(sampling)
    assert accepted == [0x11, 0x12, 0x13, 0x14, 0x21, 0x22, 0x23, 0x24, 0x31, 0x32, 0x41, 0x42]


@settings(max_examples=10)
@given(
    st.lists(st.integers(1, 16), min_size=1, max_size=40),
    st.lists(st.sampled_from([END, ZEROS, RUN, VALUE, 1, 2, 0xFA]), min_size=40, max_size=40),
    st.booleans(),
)
def test_any_table_of_codes(lengths, symbols, is_ac):
    counts = bytes([lengths.count(length) for length in range(17)])
    tables = array("H", bytes(2 * jpegscan.TABLE))
    try:
        jpegscan.fill_table(tables, 0, counts + bytes(symbols), is_ac)
    except ValueError:
        pass


@settings(max_examples=5)
@given(st.lists(CELLS, min_size=3, max_size=5), st.integers(0, 100), st.integers(1, 2))
def test_any_motion(pictures, level, area):
    wanted = {"motionlevel": level, "motionarea": area, "motionframes": 1, "motionmask": "f0"}
    compares = detector.Detector(wanted)
    for cells in pictures:
        compares.compare(cells)


@given(st.lists(st.sampled_from([SOI, EOI, b"\xff\xda\0\2", b"\xff\xc0\0\4", b"\xff", b"\0"])))
def test_any_markers(parts):
    try:
        jpeg.newest(memoryview(b"".join([SOI, *parts])))
    except jpeg.BadJPEG:
        pass
