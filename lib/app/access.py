"""Who may ask: by one of our own names, from our own pages, knowing the admin password."""

import os
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from aio.late import borrow

PUBLIC = ("/login", "/style.css", "/app.js", "/icon.svg")  # the password guards everything else
_SAFE = ("GET", "HEAD", "OPTIONS")  # they change nothing
_SESSIONS = const(4)
_IDLE_MS = const(1_800_000)
_TRIES = const(5)  # wrong passwords from one address, then it waits after each
_PAUSE_MS = const(30_000)
_ADDRESSES = const(8)


class Access:
    """The gate before every page, picture and console; `host` is the camera's name."""

    def __init__(self, settings, wifi, host, pause_ms=_PAUSE_MS, idle_ms=_IDLE_MS):
        self._settings = settings
        self._wifi = wifi
        self.host = host.lower() + ".local"
        self._pause_ms = pause_ms
        self._idle_ms = idle_ms
        self._sessions = []  # [token, when it was last used]
        self._scripts = []  # digests of Authorization headers that were right
        self._under = ""  # the password (its hash) that all these were opened with
        self._failures = {}  # address -> [wrong passwords in a row, when the next may come]

    @property
    def open(self):
        """No password is set: whoever reaches the camera may do everything."""
        return not self._settings["adminpass"]

    def is_ours(self, host):
        """Whether a Host header names the camera; else a stranger's name was led to it."""
        name = host.lower()
        port = name.rfind(":")
        if port >= 0:
            name = name[:port]
        if name in ("", "127.0.0.1", "localhost", self.host, self.host[:-6]):
            return True
        return name in (self._wifi.address(), self._wifi.ap_address)

    def passes(self, request):
        """Whether a request needs no closer look: all are looked at, most are harmless."""
        return (
            not self._settings["adminpass"]
            and request.method in _SAFE
            and self.is_ours(request.headers.get("Host", ""))
        )

    async def check(self, request):
        """The status that the request is refused with, 0 when it may pass."""
        headers = request.headers
        host = headers.get("Host", "")
        if not self.is_ours(host):
            return 421
        if request.method not in _SAFE and not _is_from_here(headers, host):
            return 403
        if self.open or request.path in PUBLIC:
            return 0
        self._forget_old()
        if self._in_session(request.cookies.get("session", "")):
            return 0
        given = headers.get("Authorization", "")
        if not given[:6].lower() == "basic ":
            return 401
        return await self._basic(given, request.client_addr[0] if request.client_addr else "")

    async def is_password(self, text, address):
        """Whether it is the admin password; a wrong one is held against the address."""
        tries = self._count(address)
        if not await borrow("app.password").matches(text, self._settings["adminpass"]):
            if tries >= _TRIES:
                self._failures[address][1] = ticks_add(ticks_ms(), self._pause_ms)
            return False
        self._failures.pop(address, None)
        return True

    def wait_s(self, address):
        """Seconds until this address may try a password again."""
        tries, when = self._failures.get(address, (0, 0))
        left_ms = ticks_diff(when, ticks_ms()) if tries >= _TRIES else 0
        return max(0, (left_ms + 999) // 1_000)

    def enter(self):
        """The token of a new session."""
        self._forget_old()
        if len(self._sessions) >= _SESSIONS:
            self._sessions.pop(0)
        token = "".join("{:02x}".format(byte) for byte in os.urandom(16))
        self._sessions.append([token, ticks_ms()])
        return token

    def leave(self, token):
        self._sessions = [each for each in self._sessions if each[0] != token]

    def _in_session(self, token):
        found = None
        for session in self._sessions:
            if _same(token, session[0]):
                found = session
        if not found:
            return False
        found[1] = ticks_ms()
        self._sessions.remove(found)  # the one that is used least goes first
        self._sessions.append(found)
        return True

    async def _basic(self, given, address):
        """HTTP Basic, any user name; what was right once is known again by its digest."""
        password = borrow("app.password")
        digest = password.digest(given)
        if self.wait_s(address):
            return 429
        if any([password.same(digest, known) for known in self._scripts]):
            return 0
        if not await self.is_password(password.of_basic(given), address):
            return 401
        self._scripts = self._scripts[-1:] + [digest]
        return 0

    def _forget_old(self):
        if self._under != self._settings["adminpass"]:
            self._under = self._settings["adminpass"]
            self._sessions.clear()
            self._scripts.clear()
        now = ticks_ms()
        self._sessions = [s for s in self._sessions if ticks_diff(now, s[1]) < self._idle_ms]

    def _count(self, address):
        """One more try of this address, a failure until it was right."""
        table = self._failures
        if address not in table and len(table) >= _ADDRESSES:
            table.pop(min(table, key=lambda each: table[each][0]))  # the least of offenders
        entry = table.setdefault(address, [0, ticks_ms()])
        entry[0] += 1
        return entry[0]


def _same(one, other):
    """Whether two texts are equal, in a time that does not tell where they differ."""
    wrong = len(one) ^ len(other)
    for a, b in zip(one, other):
        wrong |= ord(a) ^ ord(b)
    return not wrong


def _is_from_here(headers, host):
    """Browsers say from which site a form or a script sends; programs say nothing."""
    if headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return False
    origin = headers.get("Origin")
    return origin is None or origin.lower() == "http://" + host.lower()
