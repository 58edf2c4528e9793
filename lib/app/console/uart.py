"""The console on UART0, which it shares with Improv."""

import asyncio

from micropython import const

from aio.tasks import finish
from config import limits
from proto.improv import Splitter

_PIECE = const(64)  # bytes per write, because a write waits for room in the UART's FIFO
_PIECE_MS = const(6)  # what they take at 115200 baud
_CTRL_C = const(3)
_INTERRUPT = b"\r\x03"  # as people and tools send it to get the prompt


class UARTConsole:
    """Runs the lines that are typed at the UART and shows the output of its console.

    Packets among the keys go to `improv.answer(kind, data, send)`. Ctrl-C after a pause raises
    KeyboardInterrupt, even while a command runs: main.py has switched MicroPython's own handling
    off, because packets contain that byte, and so may the noise of an open line.
    """

    def __init__(self, stdio, consoles, improv):
        self._stdio = stdio
        self._consoles = consoles
        self._improv = improv
        self._console = consoles.open()
        self._ahead = []  # lines (bytes) and packets (tuples) that have not been handled
        self._changed = asyncio.Event()

    async def run(self):
        self._stdio.mute_idf()
        coroutines = self._read(), self._handle(), self._console.pump(self._send)
        tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
        try:
            await asyncio.gather(*tasks)  # an error of any one ends all
        finally:
            await finish(*tasks)

    async def _read(self):
        splitter = Splitter()
        quiet = True  # no key for IMPROV_GAP_MS, except those of _INTERRUPT
        while True:
            gap_ms = None if quiet and not splitter.pending else limits.IMPROV_GAP_MS
            data = await self._stdio.read(gap_ms)
            quiet = quiet or not data
            keys = splitter.feed(data[0]) if data else splitter.stop()
            if splitter.packet:
                await self._add(splitter.packet)
            for key in keys:
                if key == _CTRL_C and quiet:
                    raise KeyboardInterrupt
                quiet = quiet and key in _INTERRUPT
                line = self._console.type(key)
                if line:
                    await self._add(line)

    async def _add(self, item):
        """Have a line or a packet handled; wait while there are too many."""
        while len(self._ahead) >= limits.UART_WAITING:
            self._changed.clear()
            await self._changed.wait()
        self._ahead.append(item)
        self._changed.set()

    async def _handle(self):
        while True:
            while self._ahead:
                item = self._ahead.pop(0)
                self._changed.set()
                if isinstance(item, tuple):
                    await self._improv.answer(*item, self._send_packet)
                else:
                    await self._consoles.run_line(item, self._console)
            self._changed.clear()
            await self._changed.wait()

    async def _send_packet(self, packet):
        """Queue a packet in one piece, on a line of its own: clients look for it at the start."""
        while not self._console.put(b"\n" + packet + b"\n"):
            await asyncio.sleep_ms(_PIECE_MS)

    async def _send(self, data):
        for at in range(0, len(data), _PIECE):
            self._stdio.write(data[at : at + _PIECE])
            await asyncio.sleep_ms(_PIECE_MS)
