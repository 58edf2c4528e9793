"""UART of the board: input for the interpreter; one byte (Ctrl-C) interrupts a program."""

import asyncio
import atexit
import contextlib
import fcntl
import os
import signal
import struct
import termios
import threading
from pathlib import Path

_FIONREAD, _SIOCOUTQ = 0x541B, 0x5411  # bytes to read; bytes that the peer has not read yet
_TRIES, _TRY_S = 1_500, 0.001  # a start with the application as files computes for a second
_HANDLED_S = 0.02


class Receiver:
    """Passes input to the interpreter, which the interrupt character does not reach.

    The interpreter sets that character with `uart.interrupt` (micropython.kbd_intr). Earlier input
    waits until it has started.
    """

    def __init__(self):
        self._queue = asyncio.Queue()
        self._reported = asyncio.Event()
        self._char = b""  # that raises KeyboardInterrupt, if any
        self._process = None
        self._links = ()

    def attach(self, process, links):
        """Connect a new interpreter; `links` are the runner's sockets of its links."""
        self._reported.clear()
        self._process = process
        self._links = links

    def detach(self):
        """Disconnect the interpreter; input waits for the next one."""
        self._reported.clear()

    def calls(self):
        return {"uart.interrupt": self.interrupt}

    def interrupt(self, char):
        """Set the byte that raises KeyboardInterrupt; -1: all bytes are passed on."""
        self._char = bytes((char,)) if char >= 0 else b""
        self._reported.set()

    async def type(self, data):
        await self._queue.put(data)

    async def run(self):
        while True:
            data = await self._queue.get()
            while data:
                await self._reported.wait()
                if self._char and self._char in data:
                    before, _, data = data.partition(self._char)
                    self._write(before)
                    await self._interrupt()
                else:
                    self._write(data)
                    data = b""

    def _write(self, data):
        if self._process.returncode is None:
            self._process.stdin.write(data)

    async def _interrupt(self):
        """Raise KeyboardInterrupt, if possible while the interpreter can handle it safely."""
        for _ in range(_TRIES):
            if self._is_asleep() and not any(map(_in_use, self._links)):
                break
            await asyncio.sleep(_TRY_S)
        if self._char and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGINT)
            await asyncio.sleep(_HANDLED_S)  # a second signal before that would end the process

    def _is_asleep(self):
        """Return True if the main thread sleeps in the kernel, without the heap lock."""
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        except OSError:
            return True
        return stat.rpartition(")")[2].split()[0] == "S"


def _in_use(sock):
    """Return True if a request or a response is in transit on a link."""
    counts = []
    for request in (_FIONREAD, _SIOCOUTQ):
        try:
            counts += struct.unpack("i", fcntl.ioctl(sock.fileno(), request, bytes(4)))
        except (OSError, ValueError):  # closed
            pass
    return any(counts)


async def forward_stdin(deliver):
    """Pass stdin to `await deliver(data)`; wait for ever after its end."""
    loop = asyncio.get_running_loop()
    received = asyncio.Queue()
    _disable_line_mode()

    def read():  # a thread, because stdin may be a file or a terminal shared with other programs
        while data := os.read(0, 4096):
            loop.call_soon_threadsafe(received.put_nowait, data)

    def read_quietly():
        try:
            read()
        except (OSError, RuntimeError):  # no stdin, or the loop has ended
            pass

    threading.Thread(target=read_quietly, daemon=True).start()
    while True:
        await deliver(await received.get())


def _disable_line_mode():
    """Disable line buffering and echo of a terminal; Ctrl-C still ends the runner."""
    try:
        if os.tcgetpgrp(0) != os.getpgrp():  # in the background: another program uses the terminal
            return
        before = termios.tcgetattr(0)
    except (OSError, termios.error):  # not a terminal
        return
    atexit.register(termios.tcsetattr, 0, termios.TCSANOW, before)
    mode = termios.tcgetattr(0)
    mode[3] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(0, termios.TCSANOW, mode)
