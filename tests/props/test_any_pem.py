"""proto.pem: wrapped data is decoded unchanged; anything else raises ValueError."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from proto.pem import certificates


def wrap(der, width, end):
    text = base64.b64encode(der).decode()
    lines = [text[i : i + width] for i in range(0, len(text), width)]
    head, foot = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return end.join([head, *lines, foot, ""]).encode()


@given(
    st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=3),
    st.integers(1, 80),
    st.sampled_from(["\n", "\r\n", " ", "\n\n"]),
    st.sampled_from(["", "# comment\n", "subject=CN = a\n"]),
)
def test_round_trip(ders, width, end, before):
    data = b"".join(before.encode() + wrap(der, width, end) for der in ders)
    assert certificates(data) == ders


@given(st.binary(max_size=300))
def test_any_text_is_certificates_or_a_value_error(data):
    try:
        found = certificates(data)
    except ValueError:
        return
    assert found


@given(st.binary(min_size=60, max_size=300), st.data())
def test_truncated_text_is_refused(der, data):
    whole = wrap(der, 64, "\n")
    cut = whole[: data.draw(st.integers(0, len(whole) - 2))]
    try:
        assert certificates(cut) == [der]
    except ValueError:
        pass
