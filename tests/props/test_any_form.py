"""Forms: what any client encodes comes out as it went in, however it is cut; else a refusal."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.form import Form
from proto.http import BadRequest

NAMES = ["wifissid", "wifipassword", "mqttca", "save", "ü"]


def parsed(data, cuts, most=9_216):
    form = Form(NAMES, most)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in zip(places, places[1:]):
        form.feed(memoryview(data)[start:end])
    return form.close()


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)), st.lists(st.integers(0)))
def test_round_trip(fields, cuts):
    assert parsed(urlencode(fields).encode(), cuts) == fields


@given(st.binary(max_size=60), st.lists(st.integers(0)))
def test_anything_else_is_a_form_or_refused(data, cuts):
    try:
        fields = parsed(data, cuts)
    except BadRequest as e:
        assert e.status == 400 and str(e)
        with pytest.raises(BadRequest):
            parsed(data, [])
    else:
        assert set(fields) <= set(NAMES)
        assert fields == parsed(data, [])


@given(st.integers(0, 50), st.integers(1, 50))
def test_limit_is_of_all_that_is_kept(most, length):
    data = b"save=" + b"x" * length
    if length + 4 > most:
        with pytest.raises(BadRequest) as refused:
            parsed(data, [], most)
        assert refused.value.status == 413
    else:
        assert parsed(data, [], most) == {"save": "x" * length}
