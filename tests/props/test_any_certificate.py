"""proto.certificate: the key that the cryptography package finds, in any certificate."""

import hashlib

from certificates import authority, make
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from proto.certificate import pin, public_key_info

CA = authority()
WHOLE = make(issuer=CA).cert_der


def expected(pair):
    return pair.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@settings(max_examples=40)
@given(st.text("aä€ \U0001f4f7", min_size=1, max_size=16), st.integers(0, 60), st.booleans())
def test_key_is_that_of_the_certificate(name, names, is_signed):
    """Elements of all three forms of length, and keys that look like anything."""
    check(make(name, CA if is_signed else None, [f"{n}.example" for n in range(names)]))


def test_rsa_key_is_that_of_the_certificate():
    check(make(issuer=CA, rsa_bits=2_048))


def check(made):
    key = expected(made)
    assert public_key_info(made.cert_der) == key
    assert pin(made.cert_der) == hashlib.sha256(key).hexdigest()


@given(st.binary(max_size=300))
def test_any_bytes_are_a_certificate_or_a_value_error(data):
    try:
        found = public_key_info(data)
    except ValueError:
        return
    assert found in data


@given(st.data())
def test_truncated_certificate_is_refused(data):
    cut = WHOLE[: data.draw(st.integers(0, len(WHOLE) - 1))]
    try:
        raise AssertionError(public_key_info(cut))
    except ValueError:
        pass


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_damaged_certificate_has_the_key_it_shows_or_none(at, value):
    data = WHOLE[:at] + bytes([value]) + WHOLE[at + 1 :]
    try:
        found = public_key_info(data)
    except ValueError:
        return
    assert found in data and found[:1] == b"\x30"
