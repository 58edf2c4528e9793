"""app.password compared with CPython's hashlib, and with any content of flash."""

import asyncio
import hashlib

from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from app.password import hashed, is_current, is_hash, matches, pbkdf2, same

TEXTS = st.text(max_size=63).filter(lambda text: len(text.encode()) <= 63 and "\0" not in text)


@given(st.binary(max_size=100), st.binary(max_size=80), st.integers(1, 120))
def test_pbkdf2_equals_that_of_hashlib(password, salt, rounds):
    expected = hashlib.pbkdf2_hmac("sha256", password, salt, rounds)
    assert asyncio.run(pbkdf2(password, salt, rounds)) == expected


@profile(max_examples=20)
@given(TEXTS.filter(bool), TEXTS)
def test_only_the_same_password_matches(text, other):
    stored = asyncio.run(hashed(text))
    scheme, rounds, salt, key = stored.split("$")
    salt = bytes.fromhex(salt)
    assert bytes.fromhex(key) == hashlib.pbkdf2_hmac("sha256", text.encode(), salt, int(rounds))
    assert scheme == "pbkdf2-sha256" and is_current(stored)
    assert asyncio.run(matches(text, stored))
    assert asyncio.run(matches(other, stored)) == (other == text)


@given(TEXTS)
def test_no_password_is_mistaken_for_a_hash(text):
    assert not is_hash(text)


@given(st.text(alphabet="0123456789abcdef$-pk", max_size=120), TEXTS)
def test_clear_text_matches_only_itself(stored, text):
    if not is_hash(stored):
        assert asyncio.run(matches(text, stored)) == (text == stored != "")


@given(st.binary(max_size=8), st.binary(max_size=8))
def test_same(one, other):
    assert same(one, other) == (one == other)
