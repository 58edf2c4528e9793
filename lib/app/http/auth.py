"""Access to pages, pictures and consoles: the checks of host name, origin and admin password."""

import binascii
import hashlib
import os
from time import ticks_diff, ticks_ms

from app import password
from app.http.guesses import Guesses
from app.identity import mdns_name
from config import limits

PUBLIC = ("/login", "/style.css", "/app.js", "/icon.svg")  # the password guards all other paths
_LOCAL = (  # suffixes of home networks: RFC 6762 appendix G, RFC 8375, and those of routers
    "local", "lan", "home", "internal", "intranet", "private", "corp", "localdomain", "localnet",
    "home.arpa", "fritz.box", "speedport.ip", "attlocal.net",
)  # fmt: skip
_SAFE = ("GET", "HEAD", "OPTIONS")  # methods that change nothing


class Access:
    """Decides which requests are admitted; counts sessions.

    `host` is the camera's host name. An address that guesses must pause for `pause_ms`; a session
    ends after `idle_ms` without use.
    """

    def __init__(
        self, settings, wifi, host, pause_ms=limits.LOGIN_PAUSE_MS, idle_ms=limits.LOGIN_IDLE_MS
    ):
        self._settings = settings
        self._wifi = wifi
        self.host = mdns_name(host)
        self._guesses = Guesses(pause_ms)
        self._idle_ms = idle_ms
        self._stored = ""  # the stored password to which sessions and logins belong
        self._sessions = []  # [token, ticks of the last use], the least recently used first
        self._logins = []  # digests of Authorization headers that were right

    @property
    def open(self):
        """True while no password is set: everyone who reaches the camera may do everything."""
        return not self._settings["adminpass"]

    @property
    def failures(self):
        """Number of wrong passwords, on pages and consoles."""
        return self._guesses.failed

    def is_ours(self, host):
        """Return True if a Host header names the camera.

        Any other name may belong to a site that resolves it to our address (DNS rebinding).
        """
        name = _name_in(host)
        if name in ("", "127.0.0.1", "localhost", self._wifi.address(), self._wifi.ap_address):
            return True
        own, dot, suffix = name.partition(".")
        if own == self.host.partition(".")[0] and (not dot or suffix in _LOCAL):
            return True
        return self._is_named(name)

    def _is_named(self, name):
        """Return True for a name in the setting `hosts`, or below a domain there (`.home.net`)."""
        return any(
            name.endswith(each) if each[0] == "." else name == each
            for each in self._settings["hosts"].split()
        )

    def _is_from_here(self, headers, host):
        """Return False for a request from another site; browsers name it, programs do not."""
        if headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            return False
        origin = headers.get("Origin")
        if origin is None:
            return True
        scheme, _, place = origin.lower().partition("://")
        is_proxied = scheme == "https" and self._is_named(_name_in(host))
        return place == host.lower() and (scheme == "http" or is_proxied)

    async def check(self, request):
        """Return the status that refuses a request, or 0."""
        headers = request.headers
        host = headers.get("Host", "")
        if not self.is_ours(host):
            return 421
        if request.method not in _SAFE and not self._is_from_here(headers, host):
            return 403
        if self.open or request.path in PUBLIC:
            return 0
        if self._in_session(request.cookies.get("session", "")):
            return 0
        return await self.log_in_basic(headers.get("Authorization", ""), request.address)

    async def log_in_basic(self, given, address):
        """Return the status that refuses an Authorization header, or 0; any user name will do.

        The digest of a correct one is remembered, because a check takes long.
        """
        if given[:6].lower() != "basic ":
            return 401
        if self.wait_s(address):
            return 429
        digest = hashlib.sha256(given.encode()).digest()
        if any([password.same(digest, known) for known in self._logins]):
            self._guesses.know(address)
            return 0
        if not await self.is_password(_password_of(given), address):
            return 401
        self._logins = self._logins[1 - limits.LOGIN_HEADERS :] + [digest]
        return 0

    async def is_password(self, text, address):
        """Return True if `text` is the admin password; a wrong one counts against the address."""
        self._guesses.begin(address)
        stored = self._settings["adminpass"]
        if not await password.matches(text, stored):
            self._guesses.wrong(address)
            return False
        self._guesses.right(address)
        if not password.is_current(stored):
            stored = await self._renew(text, stored)
        return self._settings["adminpass"] == stored  # else it was changed meanwhile

    async def _renew(self, text, stored):
        """Return the password's hash in today's format; its sessions and logins stay valid."""
        self.forget_old()
        renewed = await password.hashed(text)
        if self._settings["adminpass"] == stored:
            self._settings.keep("adminpass", renewed)
            if self._stored == stored:
                self._stored = renewed
        return renewed

    def wait_s(self, address):
        """Return the seconds until an address may try a password."""
        return self._guesses.wait_s(address)

    def log_in(self):
        """Return the token of a new session."""
        self.forget_old()
        if len(self._sessions) >= limits.LOGIN_SESSIONS:
            self._sessions.pop(0)
        token = binascii.hexlify(os.urandom(16)).decode()
        self._sessions.append([token, ticks_ms()])
        return token

    def log_out(self, token):
        """End a session."""
        self._sessions = [each for each in self._sessions if each[0] != token]

    def _in_session(self, token):
        self.forget_old()
        found = None
        for session in self._sessions:
            if password.same(token, session[0]):
                found = session
        if not found:
            return False
        found[1] = ticks_ms()
        self._sessions.remove(found)
        self._sessions.append(found)
        return True

    def forget_old(self):
        """End sessions and logins of an earlier password, and what has long been unused.

        Must be called every few minutes, because the ticks wrap after 12 days.
        """
        if self._stored != self._settings["adminpass"]:
            self._stored = self._settings["adminpass"]
            self._sessions.clear()
            self._logins.clear()
        now = ticks_ms()
        self._sessions = [s for s in self._sessions if ticks_diff(now, s[1]) < self._idle_ms]
        self._guesses.forget_old()


def _name_in(host):
    """Return the name in a Host header, in lower case, without port and final dot."""
    name = host.lower()
    port = name.rfind(":")
    if port >= 0:
        name = name[:port]
    return name[:-1] if name[-1:] == "." and len(name) > 1 else name


def _password_of(header):
    """Return the password in a header of HTTP Basic, "" if there is none."""
    try:
        return binascii.a2b_base64(header[6:]).decode().partition(":")[2]
    except ValueError:
        return ""
