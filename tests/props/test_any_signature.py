"""proto.signature: accepts signatures by the cryptography package, and no others."""

import functools
import hashlib

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from proto.signature import HEAD, MAGIC, public_key, size_of, verified

DATA = b"an update" * 100
DIGEST = hashlib.sha256(DATA).digest()
PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


@functools.cache
def private(bits=2048, number=0, exponent=65_537):
    return rsa.generate_private_key(exponent, bits)


def pem(key):
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, kind)


def block(signature, digest=DIGEST):
    return MAGIC + len(signature).to_bytes(2, "little") + b"\0\0" + digest + signature


def signed(key, algorithm=None):
    return block(key.sign(DATA, padding.PKCS1v15(), algorithm or hashes.SHA256()))


def raw(key, message):
    """Return a message raised to the private exponent, a signature with any padding."""
    numbers = key.private_numbers()
    n = numbers.public_numbers.n
    return pow(int.from_bytes(message, "big"), numbers.d, n).to_bytes(key.key_size // 8, "big")


@pytest.mark.parametrize("bits", [2048, 3072])
def test_valid_signature_is_accepted(bits):
    key = private(bits)
    made = signed(key)
    assert size_of(made[:HEAD]) == len(made)
    assert verified(made, DIGEST, public_key(pem(key)))
    assert not verified(made, DIGEST, public_key(pem(private(bits, 1))))
    assert not verified(made, DIGEST, public_key(pem(private(5120 - bits))))
    assert not verified(made, hashlib.sha256(b"other").digest(), public_key(pem(key)))


@given(st.data())
def test_any_changed_bit_of_the_signature(data):
    made = bytearray(signed(private()))
    made[data.draw(st.integers(HEAD, len(made) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert not verified(bytes(made), DIGEST, public_key(pem(private())))


@given(st.integers(0, 300), st.binary(max_size=300))
def test_another_length_is_refused(length, more):
    made = signed(private())
    for wrong in (made[:length], made + more):
        if wrong != made:
            assert not verified(wrong.ljust(HEAD, b"\0"), DIGEST, public_key(pem(private())))


FILL = b"\xff" * (256 - 3 - 51)
GOOD = b"\x00\x01" + FILL + b"\x00" + PREFIX + DIGEST
FORGED = {
    "another padding byte": b"\x00\x01" + b"\xfe" + FILL[1:] + GOOD[-52:],
    "short padding, rest behind": b"\x00\x01" + b"\xff" * 8 + GOOD[-52:] + b"\xff" * 194,
    "short padding, rest before the digest": b"\x00\x01"
    + b"\xff" * 8
    + b"\x00"
    + PREFIX
    + b"\xff" * 194
    + DIGEST,
    "block type 2": b"\x00\x02" + GOOD[2:],
    "leading byte": b"\x01" + GOOD[1:],
    "no parameters": b"\x00\x01"
    + FILL
    + b"\xff\xff\x00"
    + PREFIX.replace(b"\x30\x0d", b"\x30\x0b").replace(b"\x05\x00", b"")
    + DIGEST,
    "digest alone": DIGEST.rjust(256, b"\0"),
}


def test_raw_equals_a_signature_by_the_library():
    assert block(raw(private(), GOOD)) == signed(private())


@pytest.mark.parametrize("message", FORGED.values(), ids=FORGED)
def test_padding_is_checked_completely(message):
    assert len(message) == 256
    made = block((int.from_bytes(message, "big") % 2**2047).to_bytes(256, "big"))
    assert not verified(made, DIGEST, public_key(pem(private())))
    n = private().public_key().public_numbers().n
    if int.from_bytes(message, "big") < n:
        assert not verified(block(raw(private(), message)), DIGEST, public_key(pem(private())))


def test_number_above_the_modulus_is_refused():
    numbers = private().public_key().public_numbers()
    made = int.from_bytes(signed(private())[HEAD:], "big") + numbers.n
    if made < 1 << 2048:
        assert not verified(block(made.to_bytes(256, "big")), DIGEST, public_key(pem(private())))
    for number in (0, 1, numbers.n - 1, numbers.n, 2**2048 - 1):
        made = block(number.to_bytes(256, "big"))
        assert not verified(made, DIGEST, public_key(pem(private())))


def test_other_algorithm_is_refused():
    assert not verified(signed(private(), hashes.SHA384()), DIGEST, public_key(pem(private())))


def test_unsigned_block():
    made = block(b"")
    assert size_of(made) == HEAD == len(made)
    assert not verified(made, DIGEST, public_key(pem(private())))


@given(st.binary(min_size=HEAD, max_size=HEAD))
def test_random_bytes_are_not_a_block(head):
    assert size_of(head) == 0
    assert size_of(MAGIC + head[8:]) in (0, HEAD, HEAD + 256, HEAD + 384)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"-----BEGIN PUBLIC KEY-----",
        pem(private(1024)),
        pem(private(2048, 0, 3)),
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(private()) + pem(private()),
        pem(private()).replace(b"PUBLIC", b"RSA PUBLIC"),
        pem(private()).replace(b"\n", b"\nAAAA", 1),
    ],
)
def test_other_keys_are_refused(text):
    with pytest.raises(ValueError):
        public_key(text)


@given(st.data())
def test_any_damaged_key_is_a_value_error_or_a_key(data):
    good = bytearray(pem(private()))
    at = data.draw(st.integers(27, len(good) - 27))
    good[at] = data.draw(st.integers(0, 255))
    try:
        modulus, exponent = public_key(bytes(good))
    except ValueError:
        return
    assert modulus >> 2047 == 1 and exponent == 65_537
