"""The runner's own stdin is the other end of the board's UART."""

import asyncio
import os
import threading


async def forward_stdin(deliver):
    """Await `deliver(data)` for all that is typed; after the end of the input, nothing comes."""
    loop = asyncio.get_running_loop()
    received = asyncio.Queue()

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
