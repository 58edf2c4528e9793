"""The console on UART0."""

import asyncio

from micropython import const

from aio.tasks import finish

_PIECE = const(64)  # bytes per write, because a write waits for room in the UART's FIFO
_PIECE_MS = const(6)  # what they take at 115200 baud


class UARTConsole:
    """Runs the lines that are typed at the UART and shows the output of its console.

    Ctrl-C never arrives here: MicroPython interrupts the program with it.
    """

    def __init__(self, stdio, consoles):
        self._stdio = stdio
        self._consoles = consoles
        self._console = consoles.open()

    async def run(self):
        self._stdio.mute_idf()
        coroutines = self._read(), self._console.pump(self._send)
        tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
        try:
            await asyncio.gather(*tasks)  # an error of either one ends both
        finally:
            await finish(*tasks)

    async def _read(self):
        while True:
            for byte in await self._stdio.read():
                line = self._console.type(byte)
                if line:
                    await self._consoles.run_line(line, self._console)

    async def _send(self, data):
        for at in range(0, len(data), _PIECE):
            self._stdio.write(data[at : at + _PIECE])
            await asyncio.sleep_ms(_PIECE_MS)
