"""The admin password as it is kept: salted, and hashed so often that guessing costs.

Kept as `rounds$salt$hash`. 2,000 rounds of SHA-256 take an ESP32 about a quarter of a second
(reckoned at 0.1 ms a round, not measured on one), and so does every guess.
"""

import asyncio
import binascii
import hashlib
import os

from micropython import const

_ROUNDS = const(2_000)
_SLICE = const(50)  # rounds, then it is the others' turn
_SALT = const(16)
_MOST = const(63)  # bytes of a password


def hashed(text):
    """What is kept of a new password; what was kept already stays as it is."""
    if not text or _parts(text):
        return text
    salt = os.urandom(_SALT)
    result = salt
    for _ in range(_ROUNDS):
        result = _round(result, salt, text.encode())
    return "{}${}${}".format(_ROUNDS, _hex(salt), _hex(result))


async def matches(text, kept):
    """Whether `text` is the password that `kept` was made of."""
    parts = _parts(kept)
    password = text.encode()
    if not parts or len(password) > _MOST:
        return False
    rounds, salt, wanted = parts
    result = salt
    for n in range(rounds):
        result = _round(result, salt, password)
        if n % _SLICE == 0:
            await asyncio.sleep_ms(0)
    return same(result, wanted)


def same(one, other):
    """Whether two digests are equal, in a time that does not tell where they differ."""
    wrong = len(one) ^ len(other)
    for a, b in zip(one, other):
        wrong |= a ^ b
    return not wrong


def digest(text):
    """What a text is known by that was right once."""
    return hashlib.sha256(text.encode()).digest()


def of_basic(header):
    """The password in an Authorization header of HTTP Basic; "" where there is none."""
    try:
        return binascii.a2b_base64(header[6:]).decode().partition(":")[2]
    except (ValueError, UnicodeError):
        return ""


def _round(before, salt, password):
    return hashlib.sha256(before + salt + password).digest()


def _parts(kept):
    """(rounds, salt, hash), or None for what is nothing of that kind."""
    parts = kept.split("$")
    if len(parts) != 3 or not parts[0].isdigit() or not 0 < len(parts[0]) <= 6:
        return None
    try:
        salt, wanted = binascii.unhexlify(parts[1]), binascii.unhexlify(parts[2])
    except ValueError:
        return None
    return (int(parts[0]), salt, wanted) if len(wanted) == 32 and salt else None


def _hex(data):
    return binascii.hexlify(data).decode()
