"""The HTTP server over the smallest collaborators, and what a client gets from it."""

import asyncio

from fakes import Log, Wire, ended, read, served

from app.http.auth import Access
from app.http.headers import Headers
from app.http.images import Images
from app.http.server import HTTPServer


class Clock:
    """A clock that is set where it knows the time, in seconds since 2000."""

    def __init__(self, seconds=None):
        self.set = asyncio.Event()
        self._seconds = seconds
        if seconds is not None:
            self.set.set()

    def utc(self):
        return self._seconds


class WiFi:
    """The camera's network; `ap` is the address of its access point."""

    def __init__(self, address="192.0.2.7", ap=""):
        self.ap_address = ap
        self.ap_open = bool(ap)
        self._address = address

    def address(self):
        return self._address


class Settings(dict):
    """Settings that keep what they are given, in memory."""

    def keep(self, name, value, to_save=True):
        self[name] = value


class Web:
    """A server without a password whose collaborators a test can replace.

    `routes` are {(method, path): handler} on top of the firmware's own.
    """

    def __init__(self, frames=None, routes=(), wifi=None, clock=None, password="", **tunables):
        self.settings = Settings(adminpass=password)
        self.wifi = wifi or WiFi()
        self.log = Log()
        self.access = Access(self.settings, self.wifi, "cam")
        headers = Headers(clock or Clock())
        viewers = tunables.pop("max_viewers", 4)
        self.images = Images(frames, headers, viewers)
        self.server = HTTPServer(
            self.access,
            headers,
            self.images,
            self.settings,
            None,
            self.wifi,
            None,
            None,
            self.log,
            "DVES_A1B2C3",
            **tunables,
        )
        app = self.app = self.server._application()
        for method, path in routes:
            app.route(path, [method])(routes[method, path])

    async def fetch(self, *parts, gap_ms=0):
        """Return the response to a request that is sent in parts, until the server closes."""
        async with Wire() as wire:
            task = asyncio.create_task(served(self.server, wire.ours))
            try:
                for part in parts:
                    await wire.peer.send(part)
                    await asyncio.sleep_ms(gap_ms)
            except OSError:  # it has been refused already
                pass
            response = b""
            try:
                response = await read(wire.peer, 200_000)
            except OSError:
                pass
            await ended(task)
            return response


def status(response):
    """The status of a response, 0 where there is none."""
    return int(response.split(b" ")[1]) if response else 0


def header(response, name):
    """The value of a response's header as text, None where it is missing."""
    for line in response.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        found, _, value = line.partition(": ")
        if found.lower() == name.lower():
            return value
    return None


def body(response):
    return response.partition(b"\r\n\r\n")[2]
