"""Pseudo-terminal connected to the board's UART, for mpremote and terminal programs."""

import asyncio
import os
import pty
import re
import select
import tty

# In binary output, an escape comes before each line feed and each escape (board/builtin.py); the
# other line feeds are those of `print`.
_ESCAPE = b"\x10"
_CODED = re.compile(rb"\x10([\x10\n])|(?<!\r)\n")
_POLL_S = 0.02
_MAX_PENDING = 65_536


class Terminal:
    """Carries bytes in both directions; output without a reader is lost, as on a wire."""

    def __init__(self):
        self._near, far = pty.openpty()
        tty.setraw(far)
        self.path = os.ttyname(far)
        os.close(far)  # the kernel now reports POLLHUP while no program has it open
        os.set_blocking(self._near, False)
        self._poll = select.poll()
        self._poll.register(self._near, select.POLLIN | select.POLLHUP)
        self._out, self.stdout = os.pipe()
        self._pending = bytearray()
        self._after_cr = b""
        self._half = b""  # the first byte of a pair

    async def run(self, deliver):
        """Pass input to `await deliver(data)`, and the output of `stdout` to the terminal."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._out, self._print)
        try:
            while True:
                data = self._read()
                if data:
                    await deliver(data)
                else:
                    await self._readable(loop)
        finally:
            loop.remove_reader(self._out)
            loop.remove_writer(self._near)

    def close(self):
        for fd in (self._near, self._out, self.stdout):
            os.close(fd)

    def _read(self):
        try:
            return os.read(self._near, 4096)
        except OSError:  # no data, or no program has it open
            return b""

    async def _readable(self, loop):
        """Wait until there may be something to read."""
        if self._is_unused():
            await asyncio.sleep(_POLL_S)
            return
        readable = asyncio.Event()
        loop.add_reader(self._near, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(self._near)

    def _is_unused(self):
        return any(event & select.POLLHUP for _, event in self._poll.poll(0))

    def _print(self):
        """Forward the interpreter's output with the line endings of the chip."""
        text = self._decoded(os.read(self._out, 65_536))
        if self._is_unused():
            self._pending.clear()
        elif len(self._pending) < _MAX_PENDING:
            self._pending += text
            self._flush()

    def _decoded(self, data):
        data = self._half + data
        end = len(data) - (len(data) - len(data.rstrip(_ESCAPE))) % 2
        self._half = data[end:]
        before, self._after_cr = self._after_cr, b"\r" if data[:end].endswith(b"\r") else b""
        return _CODED.sub(lambda found: found[1] or b"\r\n", before + data[:end])[len(before) :]

    def _flush(self):
        """Write as much as the reader accepts now; continue when it accepts more."""
        loop = asyncio.get_running_loop()
        try:
            del self._pending[: os.write(self._near, self._pending)]
        except BlockingIOError:
            pass
        except OSError:  # the reader has closed it
            self._pending.clear()
        if self._pending:
            loop.add_writer(self._near, self._flush)
        else:
            loop.remove_writer(self._near)
