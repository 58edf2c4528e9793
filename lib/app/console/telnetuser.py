"""One user of the telnet port: login, console, logout; `of` is the TelnetDoor."""

import asyncio

from micropython import const

from aio.late import borrow
from aio.tasks import finish
from proto.telnet import HELLO, Telnet

_STALL_MS = const(60_000)  # a client that reads nothing loses lines first, then its connection


async def serve(of, stream):
    stream.stall_ms = _STALL_MS
    telnet = Telnet()
    await stream.send(HELLO)
    if not of.access.open:
        stream.idle = True  # the first to go when room is needed
        if not await borrow("app.console.telnetlogin").admitted(stream, telnet, of.access):
            return
        stream.idle = False
    console = of.consoles.open("telnet")
    of.users += 1
    pump = asyncio.create_task(_pump(console, stream))
    try:
        console.print(of.greeting)
        await _read(console, stream, telnet, of.idle_ms)
    finally:
        of.users -= 1
        of.consoles.close(console)
        await finish(pump)


async def _pump(console, stream):
    try:
        await console.pump(stream.send)
    except OSError:  # it takes nothing any more
        stream.abort()


async def _read(console, stream, telnet, idle_ms):
    buffer = bytearray(128)
    view = memoryview(buffer)
    while True:
        got = await stream.recv_into(view, idle_ms)
        if not got:
            return
        for byte in view[:got]:
            answer = telnet.feed(byte)
            if answer:
                console.put(answer)
            if telnet.data is not None:
                line = console.type(telnet.data)
                if line:
                    await console.run(line)
        await asyncio.sleep_ms(0)  # a flood is always ready: the others' turn
