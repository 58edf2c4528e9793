"""The runner's own stdin is the other end of the board's UART."""

import asyncio
import atexit
import os
import termios
import threading


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
