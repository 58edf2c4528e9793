"""The board's UART: what is typed reaches the interpreter, Ctrl-C its running program."""

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

_CTRL_C = b"\x03"
_FIONREAD, _SIOCOUTQ = 0x541B, 0x5411  # bytes to read; bytes that the peer has not read yet
_TRIES, _TRY_S = 200, 0.001
_TAKEN_S = 0.02


class Receiver:
    """Takes bytes for the interpreter; a Ctrl-C while a program runs interrupts the program.

    The interpreter says by `uart.interrupt` whether one runs; what comes earlier waits for that.
    """

    def __init__(self):
        self._queue = asyncio.Queue()
        self._known = asyncio.Event()
        self._interrupts = False
        self._process = None
        self._links = ()

    def attach(self, process, links):
        """A new interpreter has started, with these sockets of its links to us."""
        self._known.clear()
        self._process = process
        self._links = links

    def detach(self):
        """The interpreter has ended: what comes now waits for the next one."""
        self._known.clear()

    def calls(self):
        return {"uart.interrupt": self.interrupt}

    def interrupt(self, wanted):
        """The board's UART driver: does Ctrl-C interrupt, or is it a key like any other?"""
        self._interrupts = wanted
        self._known.set()

    async def type(self, data):
        await self._queue.put(data)

    async def run(self):
        while True:
            data = await self._queue.get()
            while data:
                await self._known.wait()
                before, found, after = data.partition(_CTRL_C)
                if self._interrupts and found:
                    self._write(before)
                    await self._interrupt()
                    data = after
                else:
                    self._write(data)
                    data = b""

    def _write(self, data):
        if self._process.returncode is None:
            self._process.stdin.write(data)

    async def _interrupt(self):
        """Raise KeyboardInterrupt, where it can wait for that in a place that it survives."""
        for _ in range(_TRIES):
            if self._asleep() and not any(map(_in_use, self._links)):
                break
            await asyncio.sleep(_TRY_S)
        if self._interrupts and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGINT)
            await asyncio.sleep(_TAKEN_S)  # a second one before it is taken would end the process

    def _asleep(self):
        """Whether the main thread waits in the kernel: it holds no lock of the heap then."""
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        except OSError:
            return True
        return stat.rpartition(")")[2].split()[0] == "S"


def _in_use(sock):
    """Whether a request or an answer is under way on a link."""
    counts = []
    for request in (_FIONREAD, _SIOCOUTQ):
        try:
            counts += struct.unpack("i", fcntl.ioctl(sock.fileno(), request, bytes(4)))
        except (OSError, ValueError):  # closed
            pass
    return any(counts)


async def forward_stdin(deliver):
    """Await `deliver(data)` for all that is typed; after the end of the input, nothing comes."""
    loop = asyncio.get_running_loop()
    received = asyncio.Queue()
    _type_directly()

    def read():  # a thread: stdin may be a file or a terminal that others use, too
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


def _type_directly():
    """Let a terminal pass every key at once and leave the echo to the camera; Ctrl-C stays."""
    try:
        if os.tcgetpgrp(0) != os.getpgrp():  # in the background: another program's terminal
            return
        before = termios.tcgetattr(0)
    except (OSError, termios.error):  # no terminal
        return
    atexit.register(termios.tcsetattr, 0, termios.TCSANOW, before)
    mode = termios.tcgetattr(0)
    mode[3] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(0, termios.TCSANOW, mode)
