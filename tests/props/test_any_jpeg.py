"""proto.jpeg: a whole picture with anything behind it, and pictures that are not whole."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from proto.jpeg import BadJPEG, newest


def picture(color):
    out = io.BytesIO()
    Image.new("RGB", (64, 48), color).save(out, "JPEG")
    return out.getvalue()


OLDER, NEWER = picture("red"), picture("blue")
GARBAGE = st.binary(max_size=1500).filter(lambda data: b"\xff\xd8\xff" not in data)


@given(GARBAGE)
def test_bytes_after_a_picture_are_cut_off(garbage):
    assert newest(memoryview(OLDER + garbage)) == OLDER


@given(GARBAGE)
def test_newer_of_two_pictures(garbage):
    assert newest(memoryview(OLDER + garbage + NEWER)) == NEWER


@given(st.integers(2, len(OLDER) - 1))
def test_newer_picture_after_a_part_of_an_older_one(size):
    assert newest(memoryview(OLDER[:size] + NEWER)) == NEWER


@given(st.integers(0, len(OLDER) - 1), st.sampled_from([b"", b"\0" * 99, b"\xff" * 99]))
def test_part_of_a_picture_is_refused(size, padding):
    with pytest.raises(BadJPEG):
        newest(memoryview(OLDER[:size] + padding))


@given(st.binary(max_size=1500))
def test_anything_is_a_picture_or_refused(data):
    try:
        found = bytes(newest(memoryview(data)))
    except BadJPEG:
        return
    assert found[:2] == b"\xff\xd8" and found[-2:] == b"\xff\xd9" and found in data


@given(GARBAGE)
def test_signed_views_have_the_same_result(garbage):
    data = OLDER + garbage + NEWER
    assert bytes(newest(memoryview(data).cast("b"))) == NEWER
