"""proto.values and the schema's checks: only BadArgument is raised; values are valid input."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings.checks import Between, Chars, TopicFilter, TopicName
from app.settings.schema import CHECK, FILE, KIND, NAME, SCHEMA
from proto.values import BadArgument, int_between, switch

TYPED = [row for row in SCHEMA if row[KIND] != FILE]


@given(st.integers(-(10**12), 10**12), st.integers(-1000, 1000), st.integers(0, 1000))
def test_integers_within_the_range_are_accepted(n, low, width):
    high = low + width
    if low <= n <= high:
        assert int_between(str(n), low, high) == n
    else:
        with pytest.raises(BadArgument):
            int_between(str(n), low, high)


@given(st.text(max_size=30))
def test_text_is_an_integer_or_refused(text):
    try:
        value = int_between(text, -(2**31), 2**31 - 1)
    except BadArgument:
        return
    assert value == int(text) and set(text) <= set("-0123456789")


@given(st.text(max_size=20))
def test_switch_accepts_six_words(text):
    try:
        assert switch(text) in (0, 1, 2)
    except BadArgument:
        assert text.lower() not in ("off", "on", "toggle", "0", "1", "2")


@given(st.text(max_size=20), st.integers(0, 10), st.integers(0, 20))
def test_chars(text, low, high):
    fits = low <= len(text.encode()) <= high and all(c >= " " and c != "\x7f" for c in text)
    try:
        assert Chars(low, high)(text) == text and fits
    except BadArgument:
        assert not fits


@given(st.text(max_size=40))
def test_topic_names_are_one_level(text):
    try:
        name = TopicName(1, 31)(text)
    except BadArgument:
        return
    assert not set(name) & set("/+#\0") and 1 <= len(name.encode()) <= 31


@given(st.text(alphabet="/+#a\x00\x85é", max_size=8))
def test_topic_filters(text):
    try:
        levels = TopicFilter(1, 31)(text).split("/")
    except BadArgument:
        return
    assert not set(text) & set("\0\x85")
    assert all(level in ("+", "#") or not set(level) & set("+#") for level in levels)
    assert "#" not in levels[:-1]


@pytest.mark.parametrize("row", TYPED, ids=lambda row: row[NAME])
@given(text=st.text(max_size=150))
def test_accepted_value_is_accepted_again(row, text):
    check = row[CHECK]
    try:
        value = check(text)
    except BadArgument as error:
        assert str(error)
        return
    again = getattr(check, "names", None)
    assert check(again[value] if again else str(value)) == value
    if isinstance(check, Between):
        assert check.low <= value <= check.high
