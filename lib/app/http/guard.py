"""Passwords asked for and sessions opened; `of` is the Access that remembers them."""

import os
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from aio.late import borrow

_SESSIONS = const(4)
_SCRIPTS = const(2)
_TRIES = const(5)  # wrong passwords from one address, then it waits after each
_ADDRESSES = const(8)


async def basic(of, given, address):
    """0 for the right password in a header of HTTP Basic, whatever the user; else the status.

    What was right once is known again by its digest.
    """
    password = borrow("app.password")
    digest = password.digest(given)
    if wait_s(of, address):
        return 429
    if any([password.same(digest, known) for known in of.scripts]):
        return 0
    if not await is_password(of, password.of_basic(given), address):
        return 401
    of.scripts = of.scripts[1 - _SCRIPTS :] + [digest]
    return 0


async def is_password(of, text, address):
    """Whether it is the admin password; a wrong one is held against the address."""
    tries = _count(of.failures, address)
    if not await borrow("app.password").matches(text, of.settings["adminpass"]):
        if tries >= _TRIES and address in of.failures:
            of.failures[address][1] = ticks_add(ticks_ms(), of.pause_ms)
        return False
    of.failures.pop(address, None)
    return True


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


def _count(table, address):
    """One more try of this address, a failure until it was right."""
    if address not in table and len(table) >= _ADDRESSES:
        table.pop(min(table, key=lambda each: table[each][0]))  # the least of offenders
    entry = table.setdefault(address, [0, ticks_ms()])
    entry[0] += 1
    return entry[0]
