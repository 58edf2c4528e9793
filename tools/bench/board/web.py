"""The web server on one port, and a bare asyncio server with the same pictures on another."""

import asyncio
import gc

from parts import Log, Parts, arguments, jpeg, say

from aio.listener import Budget, Listener
from app.http.auth import Access
from app.http.headers import Headers
from app.http.images import Images
from app.http.server import HTTPServer
from app.memory import Memory

_HEAD = (
    "HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n"
    "Content-Disposition: inline; filename=capture.jpg\r\nCache-Control: no-store\r\n"
    "X-Timestamp: 1700000000.000000\r\nConnection: close\r\n\r\n"
)
_STREAM_HEAD = (
    b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n"
    b"Cache-Control: no-store\r\nConnection: close\r\n\r\n"
)
_PART_HEAD = (
    "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n"
    "X-Timestamp: 1700000000.000000\r\n\r\n"
)


class Bare:
    """Handler for asyncio's server, which captures, checks and formats nothing per request."""

    def __init__(self, size):
        self._frame = jpeg(size)
        self._head = _HEAD.format(size).encode()
        self._part_head = _PART_HEAD.format(size).encode()

    async def serve(self, reader, writer):
        path = (await reader.readline()).split()[1]
        while len(await reader.readline()) > 2:
            pass
        try:
            if path == b"/jpg":
                await self._write(writer, self._head, self._frame)
            else:
                writer.write(_STREAM_HEAD)
                while True:
                    await self._write(writer, self._part_head, self._frame, b"\r\n")
        except OSError:
            pass
        writer.close()
        await writer.wait_closed()

    async def _write(self, writer, *parts):
        for part in parts:
            writer.write(part)
        await writer.drain()


class WiFi:
    """Wi-Fi without an address."""

    ap_open = False
    ap_address = ""

    def address(self):
        return ""


class Chip:
    """Chip whose free memory is this program's; hal.chip needs the simulated board."""

    def free_bytes(self):
        return gc.mem_free()


class Clock:
    """Clock that is set, so that each response has a date."""

    def __init__(self):
        self.set = asyncio.Event()
        self.set.set()

    def utc(self):
        return 753_315_200


def web(parts, port):
    """Return the listener of the web server, not yet running."""
    wifi, headers = WiFi(), Headers(Clock(), parts.settings)
    access = Access(parts.settings, wifi, "bench")
    images = Images(parts.frames, headers)
    server = HTTPServer(
        access,
        headers,
        images,
        parts.settings,
        None,
        wifi,
        None,
        None,
        None,
        parts.log,
        "DVES_BE7C40",
        Memory(Chip()),
    )
    return Listener(port, server.serve, server.busy, parts.deadlines, Log(), Budget(6))


async def main(size, port, bare_port):
    parts = Parts(size)
    parts.settings["mqtthost"] = ""
    parts.start(web(parts, port))
    await asyncio.start_server(Bare(size).serve, "127.0.0.1", bare_port)
    gc.collect()
    await asyncio.sleep_ms(50)  # until the servers listen
    say(ready=True)
    await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main(**arguments()))
