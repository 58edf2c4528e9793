"""UART0, which MicroPython offers as stdin and stdout (115200 8N1)."""

import asyncio
import select
import sys
from asyncio import core

import esp


class Stdio:
    """The serial line: bytes in as they arrive, bytes out.

    Unread bytes stay for the prompt that follows the program.
    """

    def __init__(self):
        self._waiting = select.poll()
        self._waiting.register(sys.stdin, select.POLLIN)

    async def read(self, limit_ms=None):
        """Return the next byte, as bytes; b"" if none arrives within `limit_ms`."""
        if limit_ms is None or self._waiting.poll(0):  # a byte that has arrived needs no timer
            await self._readable()
        else:
            try:
                await asyncio.wait_for_ms(self._readable(), limit_ms)
            except asyncio.TimeoutError:
                if not self._waiting.poll(0):  # else it arrived while other tasks were running
                    return b""
        return sys.stdin.buffer.read(1)

    async def _readable(self):
        yield core._io_queue.queue_read(sys.stdin)

    def mute_idf(self):
        """Keep ESP-IDF's log off the line; until now it has shown why a start failed."""
        esp.osdebug(0, esp.LOG_NONE)

    def write(self, data):
        """Write bytes; blocks until the UART's FIFO has room for them."""
        sys.stdout.buffer.write(data)
