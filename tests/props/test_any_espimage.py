"""proto.espimage: images by esptool are accepted in any pieces; other data is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from images import KB, image, rehashed

from proto.espimage import HEAD_BYTES, Description, ImageParser, older

WHOLE = image("1.2.3", size=8 * KB)
VERSIONS = "1.9.0 1.10.0-rc1 1.10.0 v1.10.1-preview.3.g12ab v1.10.1 1.10.1-4-gabc 1.11 2.0.0"


def parsed(data, cuts=()):
    parser, at = ImageParser(), 0
    for end in [*sorted(cuts), len(data)]:
        part = memoryview(data)[at:end]
        taken = parser.feed(part)
        assert taken == len(part) or parser.whole
        at = end
    return parser


def test_description_of_an_image_by_esptool():
    description = Description(WHOLE[:HEAD_BYTES])
    assert (description.version, description.project) == ("1.2.3", "micropython")
    parser = parsed(WHOLE)
    assert parser.whole and parser.size == len(WHOLE) and parser.digest == WHOLE[-32:]


@pytest.mark.parametrize("extra", range(0, 64, 16))
def test_every_padding(extra):
    assert parsed(image("1.0", size=4 * KB + extra)).whole


@given(st.lists(st.integers(0, len(WHOLE)), max_size=20), st.binary(max_size=100))
def test_any_pieces_and_trailing_data(cuts, tail):
    data = WHOLE + tail
    parser = parsed(data, cuts)
    assert parser.whole and parser.size == len(WHOLE)


@given(st.integers(0, len(WHOLE) - 1))
def test_truncated_image_is_never_complete(length):
    assert not parsed(WHOLE[:length]).whole


def is_good(data):
    try:
        Description(data[:HEAD_BYTES])
        return parsed(data).whole
    except ValueError:
        return False


def test_each_changed_bit_of_the_header_and_the_end():
    places = [*range(64), *range(len(WHOLE) - 64, len(WHOLE))]
    for at in places:
        for bit in range(8):
            data = bytearray(WHOLE)
            data[at] ^= 1 << bit
            assert not is_good(bytes(data)), (at, bit)


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_any_changed_byte(at, change):
    data = bytearray(WHOLE)
    data[at] ^= change
    assert not is_good(bytes(data))


@given(st.binary(max_size=600))
def test_any_other_data_is_refused(data):
    assert not is_good(data)
    assert not is_good(WHOLE[:300] + data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a firmware image: 0 bytes"),
        (b"<html>" + bytes(400), "not a firmware image: it begins with 3c"),
        (image(chip="esp32s3"), "another chip: ESP32-S3"),
        (image(digest=False), "no SHA-256"),
        (rehashed(WHOLE[:32] + bytes(4) + WHOLE[36:]), "no application description"),
        (rehashed(WHOLE[:48] + b"\xff" + WHOLE[49:]), "unreadable"),
        (rehashed(WHOLE[:80] + b"\0" + WHOLE[81:]), "unreadable"),
    ],
)
def test_refused_by_the_first_bytes(data, why):
    with pytest.raises(ValueError, match=why):
        Description(data[:HEAD_BYTES])


def test_wrong_checksum_is_reported_before_the_digest():
    data = rehashed(WHOLE)
    assert data == WHOLE
    wrong = data[:-33] + bytes([data[-33] ^ 1]) + data[-32:]
    with pytest.raises(ValueError, match="wrong checksum"):
        parsed(wrong)
    with pytest.raises(ValueError, match="wrong SHA-256"):
        parsed(data[:-1] + bytes([data[-1] ^ 1]))


def test_order_of_versions():
    versions = VERSIONS.split()
    for i, one in enumerate(versions):
        for j, other in enumerate(versions):
            assert older(one, other) == (i < j), (one, other)
    assert not older("abc", "1.0") and not older("1.0", "abc")
