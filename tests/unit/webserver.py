"""HTTP server over minimal collaborators, and helpers for its responses."""

import asyncio

from fakes import Log, Wire, clock, ended, read, served

from app.http.auth import Access
from app.http.headers import Headers
from app.http.images import Images
from app.http.server import HTTPServer


class Clock:
    """Clock that is set if `seconds` since 2000 are given."""

    def __init__(self, seconds=None):
        self.set = asyncio.Event()
        self._seconds = seconds
        if seconds is not None:
            self.set.set()

    def utc(self):
        return self._seconds

    def knew(self, time_ns):
        return self.set.is_set()


class WiFi:
    """Stands in for app.wifi; `ap` is the address of the access point."""

    def __init__(self, address="192.0.2.7", ap=""):
        self.ap_address = ap
        self.ap_open = bool(ap)
        self._address = address

    def address(self):
        return self._address


class NoPeer:
    """Connection without a peer address."""

    def get_extra_info(self, what):
        return None

    def busy_for(self, ms):
        pass


class Settings(dict):
    """Settings in memory."""

    def keep(self, name, value, to_save=True):
        self[name] = value


class FreeMemory:
    """Memory of which `free` bytes are free."""

    free = 1 << 20

    def measure(self):
        return self.free


class Web:
    """Server without a password whose collaborators a test can replace.

    `routes` maps (method, path) to a handler, in addition to the firmware's routes.
    """

    def __init__(self, frames=None, routes=(), wifi=None, clock=None, password="", max_viewers=4):
        self.settings = Settings(adminpass=password, embed=0, hosts="")
        self.took_ms = None  # from a connection to its end
        self.wifi = wifi or WiFi()
        self.log = Log()
        self.access = Access(self.settings, self.wifi, "cam")
        headers = Headers(clock or Clock(), self.settings)
        self.images = Images(frames, headers, max_viewers)
        self.memory = FreeMemory()
        self.server = HTTPServer(
            self.access,
            headers,
            self.images,
            self.settings,
            None,
            self.wifi,
            None,
            None,
            None,
            self.log,
            "DVES_A1B2C3",
            self.memory,
        )
        app = self.app = self.server._application()
        for method, path in routes:
            app.route(path, [method])(routes[method, path])

    async def fetch(self, *parts, gap_ms=0):
        """Send a request in parts; return the response when the server closes the connection."""
        async with Wire() as wire:
            task = asyncio.create_task(self._serve(wire.ours))
            try:
                for part in parts:
                    await wire.peer.send(part)
                    await asyncio.sleep_ms(gap_ms)
            except OSError:  # already refused
                pass
            response = b""
            try:
                response = await read(wire.peer, 200_000)
            except OSError:
                pass
            await ended(task)
            return response

    async def _serve(self, stream):
        started = clock.now_ms()
        await served(self.server, stream)
        self.took_ms = clock.now_ms() - started


def status(response):
    """Return the status of a response, or 0 without a response."""
    return int(response.split(b" ")[1]) if response else 0


def header(response, name):
    """Return the value of a response's header as text, or None if it is missing."""
    for line in response.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        found, _, value = line.partition(": ")
        if found.lower() == name.lower():
            return value
    return None


def body(response):
    return response.partition(b"\r\n\r\n")[2]
