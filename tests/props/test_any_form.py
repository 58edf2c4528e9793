"""Forms: encoded fields are decoded unchanged; any other body is a form or is refused.

microdot, which CPython can import too, parses the form, and app.http.request adds the checks.
"""

from urllib.parse import urlencode

from forms import parsed
from hypothesis import given
from hypothesis import strategies as st

from proto.http import HTTPError

NAMES = ["wifissid", "wifipassword", "mqttca", "save", "ü"]


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)))
def test_round_trip(fields):
    assert parsed(urlencode(fields).encode()) == fields


@given(st.binary(max_size=60))
def test_anything_else_is_a_form_or_refused(data):
    try:
        fields = parsed(data)
    except HTTPError as e:
        assert e.status == 400 and str(e)
    else:
        assert all(isinstance(text, str) for pair in fields.items() for text in pair)


@given(st.lists(st.sampled_from([b"a", b"=", b"&", b"%41", b"%", b"4", b"+", b"\xc3", b"\xbc"])))
def test_any_mix_of_tokens_is_a_form_or_refused(pieces):
    try:
        parsed(b"".join(pieces))
    except HTTPError as e:
        assert e.status == 400 and str(e)


@given(st.integers(17_200, 17_600))
def test_limit_applies_to_all_stored_bytes(length):
    try:
        assert parsed(b"save=" + b"x" * length) == {"save": "x" * length}
        assert length + 4 <= 17_408
    except HTTPError as e:
        assert e.status == 413 and length + 4 > 17_408
