"""UART0, which MicroPython offers as stdin and stdout (115200 8N1)."""

import sys
from asyncio import core

import esp


class Stdio:
    """The serial line: bytes in as they arrive, bytes out."""

    async def read(self):
        """Return the next byte, as bytes; reading more at once would block."""
        await self._readable()
        return sys.stdin.buffer.read(1)

    async def _readable(self):
        yield core._io_queue.queue_read(sys.stdin)

    def mute_idf(self):
        """Keep ESP-IDF's log off the line; until now it has shown why a start failed."""
        esp.osdebug(0, esp.LOG_NONE)

    def write(self, data):
        """Write bytes; blocks until the UART's FIFO has room for them."""
        sys.stdout.buffer.write(data)
