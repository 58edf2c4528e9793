"""Control port: one JSON object per line as request and response, any number of clients."""

import asyncio
import contextlib
import inspect
import json

from errors import DeviceError, UsageError


class Control:
    """Calls the action named by "do" with the other members of the object as arguments."""

    def __init__(self, actions):
        self._actions = actions
        self._clients = set()

    async def open(self, port):
        """Listen on `port`; return the bound port. Raise UsageError if it is not available."""
        try:
            server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        except OSError as exc:
            raise UsageError(f"cannot listen on control port {port}: {exc.strerror}") from None
        return server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, ValueError):  # ValueError: a line over 64 KB
            while line := await reader.readline():
                if line.strip():
                    writer.write(json.dumps(await self.handle(line)).encode() + b"\n")
                    await writer.drain()
        writer.close()

    async def handle(self, line):
        """Perform the request in one line; return the response, which reports any error."""
        try:
            request = json.loads(line)
            name = request.pop("do", None) if isinstance(request, dict) else None
            if name not in self._actions:
                raise UsageError("expected an object with do = one of " + self._names())
            result = self._actions[name](**request)
            if inspect.isawaitable(result):
                result = await result
        except (DeviceError, OSError, TypeError, UsageError, ValueError) as exc:
            return {"ok": False, "error": str(exc) or type(exc).__name__}
        return {"ok": True, **(result or {})}

    def _names(self):
        return ", ".join(sorted(self._actions))
