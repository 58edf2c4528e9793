"""Consoles on the telnet port, behind a login while an admin password is set."""

import asyncio

from micropython import const

from aio.tasks import finish
from config import limits
from proto.lineedit import LineEditor
from proto.telnet import HELLO, Telnet

_BUFFER = const(128)
_PROMPT = b"> "
_CTRL_D = const(4)
_LEAVE = (b"exit", b"quit")


class TelnetServer:
    """Serves telnet connections (for aio.listener); ends one after `idle_ms` without a key.

    access: `open` is true while no password is needed; `wait_s(address)`, `is_password(text,
    address)`.
    """

    def __init__(self, consoles, access, banner, idle_ms=limits.TELNET_IDLE_MS):
        self._consoles = consoles
        self._access = access
        self._banner = banner
        self._idle_ms = idle_ms

    async def serve(self, stream):
        """Log the user in, and run a console until the connection ends."""
        stream.stall_ms = limits.TELNET_STALL_MS
        telnet = Telnet()
        await stream.send(HELLO)
        if not self._access.open:
            stream.busy_for(0)  # closed first if another connection needs the slot
            if not await self._log_in(stream, telnet):
                return
            stream.busy_for(None)
        console = self._consoles.open(_PROMPT)
        pump = asyncio.create_task(_pump(console, stream))
        try:
            console.print(self._banner)
            console.ready()
            await self._run_lines(console, stream, telnet)
        finally:
            self._consoles.close(console)
            await finish(pump)

    async def refuse(self, stream):
        """Refuse a connection, because no console or no socket is free."""
        text = b"all consoles or connections are in use; close one, then try again\r\n"
        await stream.send(text)

    async def _log_in(self, stream, telnet):
        """Prompt for the admin password; return True if it is right."""
        peer = stream.get_extra_info("peername")
        address = peer[0] if peer else ""
        editor = LineEditor(0)  # no history: it would keep passwords
        for _ in range(limits.TELNET_FAILURES):
            if await self._must_wait(stream, address):
                return False
            await stream.send(b"password: ")
            password = await _read_password(stream, telnet, editor)
            if password is None:
                return False
            await stream.send(b"\r\n")
            if await self._must_wait(stream, address):  # others may have guessed meanwhile
                return False
            if await self._access.is_password(password, address):
                return True
            await stream.send(b"wrong password\r\n")
        return False

    async def _must_wait(self, stream, address):
        """Return True, with a message, if the address may not try a password now."""
        wait_s = self._access.wait_s(address)
        if wait_s:
            text = "too many wrong passwords: wait {} s, then connect again\r\n"
            await stream.send(text.format(wait_s).encode())
        return bool(wait_s)

    async def _run_lines(self, console, stream, telnet):
        """Run the lines that are typed, until the user leaves, the peer closes or is idle."""
        buffer = bytearray(_BUFFER)
        view = memoryview(buffer)
        while True:
            got = await stream.recv_into(view, self._idle_ms)
            if not got:
                return
            for byte in view[:got]:
                response = telnet.feed(byte)
                if response:
                    console.put(response)
                key = telnet.data
                line = console.type(key) if key is not None else None
                if (
                    line
                    and line.strip().lower() in _LEAVE
                    or key == _CTRL_D
                    and console.is_empty()
                ):
                    return
                if line and not stream.aborted():
                    await self._consoles.run_line(line, console)
                    console.ready()
            await asyncio.sleep_ms(0)  # yield, also when there is always something to read


async def _pump(console, stream):
    """Send the console's output; end the connection when the peer stops reading."""
    try:
        await console.pump(stream.send)
    except (OSError, MemoryError):
        stream.abort()


async def _read_password(stream, telnet, editor):
    """Return a line without echo; None if the peer has closed, or the line is too long."""
    key = bytearray(1)
    editor.line = None
    while editor.line is None:
        if not await stream.recv_into(key, limits.TELNET_KEY_MS):
            return None
        response = telnet.feed(key[0])
        if response:
            await stream.send(response)
        if telnet.data is not None:
            editor.feed(telnet.data)
        if editor.too_long:
            return None
        await asyncio.sleep_ms(0)  # yield, also when there is always something to read
    try:
        return editor.line.decode()
    except UnicodeError:
        return ""
