"""proto.jpeg: a picture ends with its last EOI, regardless of its content."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.jpeg import BadJPEG, length

BODY = st.binary(max_size=1500)
PADDING = st.one_of(
    st.integers(0, 2000).map(lambda n: b"\0" * n), st.integers(0, 2000).map(lambda n: b"\xff" * n)
)


@given(BODY, PADDING)
def test_complete_picture_with_padding(body, padding):
    picture = b"\xff\xd8\xff" + body + b"\xff\xd9"
    assert length(memoryview(picture + padding)) == len(picture)


@given(st.binary(max_size=1500))
def test_anything_is_a_picture_or_refused(data):
    try:
        end = length(memoryview(data))
    except BadJPEG:
        return
    assert data[:3] == b"\xff\xd8\xff" and data[end - 2 : end] == b"\xff\xd9"
    assert not data[end:].strip(b"\0\xff")


@given(BODY, st.integers(0, 1500))
def test_truncated_picture_is_refused(body, keep):
    cut = (b"\xff\xd8\xff" + body.replace(b"\xff\xd9", b""))[: 3 + keep]
    if not cut.rstrip(b"\0\xff").endswith(b"\xff\xd9"):
        with pytest.raises(BadJPEG):
            length(memoryview(cut))


@given(BODY, PADDING)
def test_signed_views_have_the_same_result(body, padding):
    picture = b"\xff\xd8\xff" + body + b"\xff\xd9"
    signed = memoryview(picture + padding).cast("b")
    assert length(signed) == len(picture)
