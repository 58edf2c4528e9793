"""The telnet port; what a user needs is borrowed as long as there is one."""

from micropython import const

from aio.late import borrow

_IDLE_MS = const(600_000)


class TelnetDoor:
    """Serves one connection: `await serve(stream)`; logged out after `idle_ms` without a key.

    Where `access` is not open, the admin password comes first.
    """

    def __init__(self, consoles, access, greeting, idle_ms=_IDLE_MS):
        self.consoles = consoles
        self.access = access
        self.greeting = greeting
        self.idle_ms = idle_ms
        self.users = 0

    async def serve(self, stream):
        await borrow("app.console.telnetuser").serve(self, stream)

    async def refuse(self, stream):
        """All places are taken."""
        await stream.send(b"all consoles are in use\r\n")
