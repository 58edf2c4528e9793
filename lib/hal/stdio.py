"""UART0, which MicroPython shows as stdin and stdout (115200 8N1)."""

import sys
from asyncio import core


class Console:
    """The serial console: bytes in as they come, bytes out."""

    async def read(self):
        """The next byte, as bytes; no more is taken, so that nothing blocks."""
        await self._readable()
        return sys.stdin.buffer.read(1)

    async def _readable(self):
        yield core._io_queue.queue_read(sys.stdin)

    def write(self, data):
        """Write bytes; waits for the UART's FIFO, so keep them few."""
        sys.stdout.buffer.write(data)
