"""The console on UART0."""

import asyncio

from micropython import const

from aio.tasks import finish

_PIECE = const(64)  # bytes at a time: writing to the UART waits for its FIFO
_PIECE_MS = const(6)  # what they take at 115200 baud


class SerialConsole:
    """Types what comes from the UART into a console and shows what it prints.

    Ctrl-C is MicroPython's: it interrupts the program before it can be read here.
    """

    def __init__(self, stdio, console):
        self._stdio = stdio
        self._console = console

    async def run(self):
        pump = asyncio.create_task(self._console.pump(self._send))
        try:
            while True:
                for byte in await self._stdio.read():
                    line = self._console.type(byte)
                    if line:
                        await self._console.run(line)
        finally:
            await finish(pump)

    async def _send(self, data):
        for at in range(0, len(data), _PIECE):
            self._stdio.write(data[at : at + _PIECE])
            await asyncio.sleep_ms(_PIECE_MS)
