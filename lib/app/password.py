"""Passwords as they are stored: PBKDF2-HMAC-SHA256 (RFC 8018 section 5.2, RFC 2104).

The stored form is `pbkdf2-sha256$<rounds>$<salt>$<hash>`, salt and hash in hex. It is longer than
any password, so none is mistaken for it. 1,000 rounds take about a quarter of a second on an ESP32
at 240 MHz: an estimate of 0.12 ms for each of two SHA-256 objects a round, not measured.
"""

import asyncio
import os
from binascii import unhexlify
from hashlib import sha256

from micropython import const

from config import limits

_PBKDF2 = "pbkdf2-sha256"
_CHAIN = "chain"  # `<rounds>$<salt>$<hash>` of a chain of SHA-256, of older firmware
_ROUNDS = const(1_000)
_SLICE = const(50)  # rounds between two yields to the loop
_SALT_BYTES = const(16)


async def hashed(text):
    """Return the stored form of a password; "" means no password and stays ""."""
    if not text:
        return ""
    salt = os.urandom(_SALT_BYTES)
    key = await pbkdf2(text.encode(), salt, _ROUNDS)
    return "{}${}${}${}".format(_PBKDF2, _ROUNDS, salt.hex(), key.hex())


async def matches(text, stored):
    """Return True if `text` is the password that `stored` holds, in clear text or hashed."""
    given = text.encode()
    if not stored or len(given) > limits.PASSWORD_BYTES:
        return False
    if b"\0" in given:  # HMAC pads its key with NUL
        return False
    parsed = _parsed(stored)
    if not parsed:
        return same(text, stored)
    scheme, rounds, salt, key = parsed
    derive = pbkdf2 if scheme == _PBKDF2 else _chain
    return same(await derive(given, salt, rounds), key)


def is_hash(stored):
    """Return True for the stored form of a password, False for a password in clear text."""
    return _parsed(stored) is not None


def is_current(stored):
    """Return True for a hash as `hashed` makes it now; renew any other one after a match."""
    parsed = _parsed(stored)
    return bool(parsed) and parsed[:2] == (_PBKDF2, _ROUNDS)


def same(one, other):
    """Return True if two texts or byte strings are equal, in a time set by their lengths only."""
    one, other = [each.encode() if isinstance(each, str) else each for each in (one, other)]
    wrong = len(one) ^ len(other)
    for a, b in zip(one, other):
        wrong |= a ^ b
    return not wrong


async def pbkdf2(password, salt, rounds):
    """Return the first 32 bytes of PBKDF2-HMAC-SHA256; yields to the loop."""
    if len(password) > 64:
        password = sha256(password).digest()
    password += bytes(64 - len(password))
    inner = bytearray([byte ^ 0x36 for byte in password]) + bytes(32)
    outer = bytearray([byte ^ 0x5C for byte in password]) + bytes(32)
    outer[64:] = sha256(inner[:64] + salt + b"\0\0\0\1").digest()
    last = sha256(outer).digest()
    key = int.from_bytes(last, "big")
    for n in range(1, rounds):
        inner[64:] = last
        outer[64:] = sha256(inner).digest()
        last = sha256(outer).digest()
        key ^= int.from_bytes(last, "big")
        if n % _SLICE == 0:
            await asyncio.sleep(0)
    return key.to_bytes(32, "big")


async def _chain(password, salt, rounds):
    """Return the hash of older firmware: a chain of SHA-256."""
    last = salt
    for n in range(rounds):
        last = sha256(last + salt + password).digest()
        if n % _SLICE == 0:
            await asyncio.sleep(0)
    return last


def _parsed(stored):
    """Return (scheme, rounds, salt, hash) of a stored hash, None for anything else."""
    parts = stored.split("$")
    scheme = parts.pop(0) if len(parts) == 4 else _CHAIN
    if len(parts) != 3 or scheme not in (_PBKDF2, _CHAIN) or not parts[0].isdigit():
        return None
    try:
        rounds, salt, key = int(parts[0]), unhexlify(parts[1]), unhexlify(parts[2])
    except ValueError:
        return None
    usable = 0 < rounds <= limits.PASSWORD_ROUNDS and len(salt) == _SALT_BYTES and len(key) == 32
    return (scheme, rounds, salt, key) if usable else None
