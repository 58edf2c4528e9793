"""The consoles on the telnet port."""

import asyncio

from micropython import const

from aio.late import borrow
from aio.tasks import finish
from proto.telnet import HELLO, Telnet

_IDLE_MS = const(600_000)
_STALL_MS = const(60_000)  # a client that reads nothing loses lines first, then its connection


class TelnetDoor:
    """Serves one connection: `await serve(stream)`; logged out after `idle_ms` without a key.

    Where `access` is not open, the admin password comes first.
    """

    def __init__(self, consoles, access, greeting, idle_ms=_IDLE_MS):
        self._consoles = consoles
        self._access = access
        self._greeting = greeting
        self._idle_ms = idle_ms
        self.users = 0

    async def serve(self, stream):
        stream.stall_ms = _STALL_MS
        telnet = Telnet()
        await stream.send(HELLO)
        if not self._access.open:
            stream.idle = True  # the first to go when room is needed
            if not await borrow("app.telnetlogin").admitted(stream, telnet, self._access):
                return
            stream.idle = False
        console = self._consoles.open("telnet")
        self.users += 1
        pump = asyncio.create_task(self._pump(console, stream))
        try:
            console.print(self._greeting)
            await self._read(console, stream, telnet)
        finally:
            self.users -= 1
            self._consoles.close(console)
            await finish(pump)

    async def refuse(self, stream):
        """All places are taken."""
        await stream.send(b"all consoles are in use\r\n")

    async def _pump(self, console, stream):
        try:
            await console.pump(stream.send)
        except OSError:  # it takes nothing any more
            stream.abort()

    async def _read(self, console, stream, telnet):
        buffer = bytearray(128)
        view = memoryview(buffer)
        while True:
            got = await stream.recv_into(view, self._idle_ms)
            if not got:
                return
            for byte in view[:got]:
                answer = telnet.feed(byte)
                if answer:
                    console.put(answer)
                if telnet.data is not None:
                    console.type(telnet.data)
            await asyncio.sleep_ms(0)  # a flood is always ready: the others' turn
