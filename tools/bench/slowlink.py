"""Slow radio link that all connections share, and viewers that use it."""

import asyncio
import contextlib
import socket
import threading

from mosquitto import HOST

_PIECE = 1_460
_BUFFER = 4_096  # small, so that data waits in the sender


class SlowLink:
    """Relays TCP connections and reads streams, in a thread with its own loop."""

    def __init__(self, bits_per_s):
        self._bytes_per_s = bits_per_s / 8
        self._free_at = 0
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda *_: None)  # cancelled at the end
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.seen = 0  # bytes that viewers have received

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def relay(self, target, silent_after_s=1e6):
        """Return a port that relays to port `target`; connections stall after `silent_after_s`."""
        opened = self._listen(target, silent_after_s)
        return asyncio.run_coroutine_threadsafe(opened, self._loop).result(5)

    def view(self, port, viewers):
        """Start this number of viewers of a web server's stream."""
        for _ in range(viewers):
            asyncio.run_coroutine_threadsafe(self._watch(port), self._loop)

    async def _end(self):
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.1)

    async def _listen(self, target, silent_after_s):
        async def serve(reader, writer):
            with contextlib.suppress(OSError):
                opened = await self._open(target)
                until = self._loop.time() + silent_after_s
                await asyncio.gather(
                    self._pump(reader, opened[1], until), self._pump(opened[0], writer, until)
                )

        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        sock.bind((HOST, 0))
        await asyncio.start_server(serve, sock=sock, limit=_PIECE)
        return sock.getsockname()[1]

    async def _open(self, port):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        sock.setblocking(False)
        await self._loop.sock_connect(sock, (HOST, port))
        return await asyncio.open_connection(sock=sock, limit=_PIECE)

    async def _pump(self, reader, writer, until):
        try:
            while data := await self._piece(reader):
                if self._loop.time() > until:
                    await asyncio.sleep(1e6)
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()

    async def _piece(self, reader):
        """Return some bytes after the time that the link takes to transfer them."""
        data = await reader.read(_PIECE)
        now = self._loop.time()
        self._free_at = max(now, self._free_at) + len(data) / self._bytes_per_s
        await asyncio.sleep(self._free_at - now)
        return data

    async def _watch(self, port):
        reader, writer = await self._open(port)
        writer.write(b"GET /mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while data := await self._piece(reader):
            self.seen += len(data)
