"""Who may ask: by one of our own names, from our own pages, knowing the admin password."""

from time import ticks_diff, ticks_ms

from micropython import const

from aio.late import borrow

PUBLIC = ("/login", "/style.css", "/app.js", "/icon.svg")  # the password guards everything else
_FORGIVEN_MS = const(600_000)  # after the last wrong password
_SAFE = ("GET", "HEAD", "OPTIONS")  # they change nothing


class Access:
    """The gate before every page, picture and console; `host` is the camera's name.

    What is done about passwords is borrowed (app.http.guard).
    """

    def __init__(self, settings, wifi, host, pause_ms=30_000, idle_ms=1_800_000):
        self.settings = settings
        self._wifi = wifi
        self.host = host.lower() + ".local"
        self.pause_ms = pause_ms
        self._idle_ms = idle_ms
        self.sessions = []  # [token, when it was last used]
        self.scripts = []  # digests of Authorization headers that were right
        self.failures = {}  # address -> [wrong passwords in a row, when the next may come]
        self._under = ""  # the password (its hash) that sessions and scripts were let in by

    @property
    def open(self):
        """No password is set: whoever reaches the camera may do everything."""
        return not self.settings["adminpass"]

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
            not self.settings["adminpass"]
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
        if self._in_session(request.cookies.get("session", "")):
            return 0
        given = headers.get("Authorization", "")
        if not given[:6].lower() == "basic ":
            return 401
        address = request.client_addr[0] if request.client_addr else ""
        return await borrow("app.http.guard").basic(self, given, address)

    def guard(self):
        """The borrowed module, for who asks for a password or lets somebody in."""
        self.forget_old()
        return borrow("app.http.guard")

    def wait_s(self, address):
        """Return the seconds until this address may try a password again."""
        return self.guard().wait_s(self, address)

    async def is_password(self, text, address):
        """Return True if it is the admin password; else it counts against the address."""
        return await self.guard().is_password(self, text, address)

    def forget_old(self):
        """End what was let in by another password, or was not used for long.

        It has to be called every few minutes: the ticks wrap after 12 days.
        """
        if self._under != self.settings["adminpass"]:
            self._under = self.settings["adminpass"]
            self.sessions.clear()
            self.scripts.clear()
        now = ticks_ms()
        self.sessions = [s for s in self.sessions if ticks_diff(now, s[1]) < self._idle_ms]
        for address, (_, when) in list(self.failures.items()):
            if ticks_diff(now, when) > _FORGIVEN_MS:
                del self.failures[address]

    def _in_session(self, token):
        self.forget_old()
        found = None
        for session in self.sessions:
            if _same(token, session[0]):
                found = session
        if not found:
            return False
        found[1] = ticks_ms()
        self.sessions.remove(found)  # the one that is used least goes first
        self.sessions.append(found)
        return True


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
