"""Passwords asked for and sessions opened; `of` is the Access that remembers them."""

import binascii
import hashlib
import os
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from app import password

_SESSIONS = const(4)
_SCRIPTS = const(2)
_TRIES = const(5)  # wrong passwords from one address, then it waits after each
_ADDRESSES = const(8)


async def basic(of, given, address):
    """0 for the right password in a header of HTTP Basic, whatever the user; else the status.

    What was right once is known again by its digest.
    """
    digest = hashlib.sha256(given.encode()).digest()
    if wait_s(of, address):
        return 429
    if any([password.same(digest, known) for known in of.scripts]):
        return 0
    if not await is_password(of, _of_basic(given), address):
        return 401
    of.scripts = of.scripts[1 - _SCRIPTS :] + [digest]
    return 0


async def is_password(of, text, address):
    """Whether it is the admin password; a wrong one is held against the address."""
    tries = _count(of.failures, address)
    stored = of.settings["adminpass"]
    if not await password.matches(text, stored):
        if tries >= _TRIES and address in of.failures:
            of.failures[address][1] = ticks_add(ticks_ms(), of.pause_ms)
        return False
    of.failures.pop(address, None)
    if not password.is_current(stored):
        await _renew(of, text, stored)
    return True


async def _renew(of, text, stored):
    """Store the password as it is hashed now; what it has let in stays."""
    renewed = await password.hashed(text)
    if of.settings["adminpass"] == stored:  # else there is a new password
        of.settings.keep("adminpass", renewed)
        of._under = renewed


def wait_s(of, address):
    """Seconds until this address may try a password again."""
    tries, when = of.failures.get(address, (0, 0))
    left_ms = ticks_diff(when, ticks_ms()) if tries >= _TRIES else 0
    return max(0, (left_ms + 999) // 1_000)


def enter(of):
    """The token of a new session."""
    if len(of.sessions) >= _SESSIONS:
        of.sessions.pop(0)
    token = "".join("{:02x}".format(byte) for byte in os.urandom(16))
    of.sessions.append([token, ticks_ms()])
    return token


def leave(of, token):
    """End a session."""
    of.sessions = [each for each in of.sessions if each[0] != token]


def _of_basic(header):
    """Return the password in an Authorization header of HTTP Basic; "" if there is none."""
    try:
        return binascii.a2b_base64(header[6:]).decode().partition(":")[2]
    except (ValueError, UnicodeError):
        return ""


def _count(table, address):
    """One more try of this address, a failure until it was right."""
    if address not in table and len(table) >= _ADDRESSES:
        table.pop(min(table, key=lambda each: table[each][0]))  # the least of offenders
    entry = table.setdefault(address, [0, ticks_ms()])
    entry[0] += 1
    return entry[0]
