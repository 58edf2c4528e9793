"""UART0, which MicroPython shows as stdin and stdout (115200 8N1)."""

import sys
from asyncio import core


class Console:
    """The serial console: bytes in as they come, text out."""

    async def read(self):
        """The next character as text; at most one is taken, so that nothing blocks."""
        await self._readable()
        return sys.stdin.read(1)

    async def _readable(self):
        yield core._io_queue.queue_read(sys.stdin)

    def write(self, text):
        sys.stdout.write(text)
