"""Forms: encoded fields are decoded unchanged; any other body is a form or is refused.

microdot, which CPython can import too, parses the form, and app.http.request adds the checks.
"""

import sys
import time
from pathlib import Path
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).resolve().parent.parent.parent / "build" / "lib"))
for name in ("ticks_ms", "ticks_add", "ticks_diff"):  # MicroPython only
    vars(time).setdefault(name, lambda *_: 0)

# ruff: noqa: E402
from app.http.request import Request
from proto.http import HTTPError, parse_head

NAMES = ["wifissid", "wifipassword", "mqttca", "save", "ü"]


class NoPeer:
    """Connection without a peer address."""

    def get_extra_info(self, what):
        return None


def form(data):
    request = Request(None, parse_head(b"POST / HTTP/1.0\r\n\r\n"), b"", NoPeer(), 1_000)
    request._body = data
    return {name: request.form[name] for name in request.form}


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)))
def test_round_trip(fields):
    assert form(urlencode(fields).encode()) == fields


@given(st.binary(max_size=60))
def test_anything_else_is_a_form_or_refused(data):
    try:
        fields = form(data)
    except HTTPError as e:
        assert e.status == 400 and str(e)
    else:
        assert all(isinstance(text, str) for pair in fields.items() for text in pair)


@given(st.lists(st.sampled_from([b"a", b"=", b"&", b"%41", b"%", b"4", b"+", b"\xc3", b"\xbc"])))
def test_any_mix_of_tokens_is_a_form_or_refused(pieces):
    try:
        form(b"".join(pieces))
    except HTTPError as e:
        assert e.status == 400 and str(e)


@given(st.integers(9_000, 9_400))
def test_limit_applies_to_all_stored_bytes(length):
    try:
        assert form(b"save=" + b"x" * length) == {"save": "x" * length}
        assert length + 4 <= 9_216
    except HTTPError as e:
        assert e.status == 413 and length + 4 > 9_216
