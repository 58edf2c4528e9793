"""TCP relay with the faults of a bad network, between a camera and its broker, server or client.

Packets are lost in the kernel: a socket filter drops what arrives at the relay, also SYN, FIN and
RST, and the sender's TCP has to send it again. Its buffers are as small as a chip's, so that few
segments are on their way.
"""

import asyncio
import contextlib
import ctypes
import socket
import struct
import threading

UP, DOWN = "up", "down"  # from the client to the server, and back
RESET, CLOSE, STALL = "reset", "close", "stall"

_HOST = "127.0.0.1"
_SEGMENT = 1_460
_WINDOW = 4  # delayed segments on their way, as many as lwIP has buffers for
_BUFFER = 8_192  # of the sockets; the kernel doubles it
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER: close sends RST
_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27


class TCPRelay:
    """Relays connections to `port` on loopback, from its own `port`; a context manager.

    The attributes apply from the next segment, `cut` from the next connection:
    delay: a function that returns the latency of a segment in seconds; 0: none.
    slices: a function of the direction that returns the next segment's size; 0: as they come.
    cut: (way, bytes, how): ends each connection, or stalls it, once so many bytes went that way.
    """

    def __init__(self, port):
        self.delay = lambda: 0
        self.slices = lambda way: 0
        self.cut = None
        self.connects = self.cuts = 0
        self.passed = {UP: 0, DOWN: 0}  # bytes
        self._target = (_HOST, port)
        self._live = set()  # tasks of the connections
        self._sockets = set()
        self._lost = 0
        self._server = socket.socket()
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._server.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        self._server.bind((_HOST, 0))
        self._server.listen(128)
        self._server.setblocking(False)
        self.port = self._server.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.lose(0)
        self._call(self._stop())
        self._thread.join(10)
        self._server.close()

    @property
    def open(self):
        """Number of open connections."""
        return len(self._live)

    def lose(self, percent):
        """Lose this percentage of the packets that arrive from either side."""
        self._lost = percent
        for sock in (self._server, *tuple(self._sockets)):
            with contextlib.suppress(OSError):  # just closed
                _lose(sock, percent)

    def reset(self):
        """Reset all connections; return their number."""
        return self._call(self._end_all())

    # In the thread of the loop

    def _run(self):
        asyncio.set_event_loop(self._loop)
        accepting = self._loop.create_task(self._accept())
        self._loop.run_forever()
        accepting.cancel()
        self._loop.run_until_complete(asyncio.gather(accepting, return_exceptions=True))
        self._loop.close()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _stop(self):
        await self._end_all()
        self._loop.call_soon(self._loop.stop)

    async def _end_all(self):
        tasks = tuple(self._live)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(tasks)

    async def _accept(self):
        while True:
            near, _ = await self._loop.sock_accept(self._server)
            self.connects += 1
            task = self._loop.create_task(self._serve(near, self.cut))
            self._live.add(task)
            task.add_done_callback(self._live.discard)

    async def _serve(self, near, cut):
        """Relay one connection; reset both ends unless both have closed it."""
        far = socket.socket()
        both = (near, far)
        self._sockets.update(both)
        try:
            for sock in both:
                _prepare(sock, self._lost)
            await self._loop.sock_connect(far, self._target)
            ways = ((UP, near, far), (DOWN, far, near))
            try:
                await _first_failure(*(Way(self, *way, cut).run() for way in ways))
            except Cut as end:
                self.cuts += 1
                if end.how == RESET:
                    raise ConnectionResetError from None
                await _first_failure(*(self._finish(sock) for sock in both))
        except (OSError, asyncio.CancelledError):
            for sock in both:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        finally:
            self._sockets.difference_update(both)
            for sock in both:
                sock.close()

    async def _finish(self, sock):
        """Send FIN, and discard what still arrives: closing at once would send RST."""
        sock.shutdown(socket.SHUT_WR)
        while await self._loop.sock_recv(sock, _SEGMENT):
            pass


class Cut(Exception):
    """The connection has to end as the relay's `cut` says."""

    def __init__(self, how):
        super().__init__(how)
        self.how = how


class Way:
    """One direction of a connection."""

    def __init__(self, relay, name, source, sink, cut):
        self._relay = relay
        self._name = name
        self._source = source
        self._sink = sink
        self._limit, self._how = cut[1:] if cut and cut[0] == name else (None, None)
        self._loop = asyncio.get_running_loop()
        self._on_the_way = asyncio.Queue(_WINDOW)

    async def run(self):
        await _first_failure(self._receive(), self._send())

    async def _receive(self):
        """Queue the segments with the time at which they arrive."""
        while True:
            size = self._relay.slices(self._name)
            data = await self._loop.sock_recv(self._source, size or _SEGMENT)
            due = self._loop.time() + self._relay.delay()
            await self._on_the_way.put((due, data, size))
            if not data:
                return

    async def _send(self):
        last = 0
        while True:
            due, data, sliced = await self._on_the_way.get()
            last = max(last, due)  # TCP keeps the order
            if (early := last - self._loop.time()) > 0:
                await asyncio.sleep(early)
            if not data:
                self._sink.shutdown(socket.SHUT_WR)
                return
            await self._pass(data)
            if sliced:
                await asyncio.sleep(0.001)  # the receiver reads it before the next one arrives

    async def _pass(self, data):
        if self._limit is not None:
            data = data[: self._limit]
            self._limit -= len(data)
        await self._loop.sock_sendall(self._sink, data)
        self._relay.passed[self._name] += len(data)
        if self._limit == 0:
            if self._how == STALL:
                self._relay.cuts += 1
                await asyncio.Event().wait()
            raise Cut(self._how)


async def _first_failure(*coroutines):
    """Run all until they end; the first exception ends the others."""
    tasks = [asyncio.ensure_future(each) for each in coroutines]
    try:
        await asyncio.gather(*tasks)
    finally:  # the loop must have released the sockets before they are closed
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _prepare(sock, lost):
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        sock.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
    _lose(sock, lost)


def _lose(sock, percent):
    """Attach a classic BPF program that drops this percentage of the socket's packets."""
    if not percent:
        with contextlib.suppress(FileNotFoundError):  # it has none
            sock.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
        return
    if percent == 100:
        program = [(0x06, 0, 0, 0)]  # return 0: drop
    else:
        program = [
            (0x20, 0, 0, 0xFFFFF038),  # load a random number of 32 bits (SKF_AD_RANDOM)
            (0x35, 1, 0, int(percent / 100 * 2**32)),  # jump if it is at least this
            (0x06, 0, 0, 0),
            (0x06, 0, 0, 0xFFFFFFFF),  # pass the whole packet
        ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in program))
    fprog = struct.pack("HP", len(program), ctypes.addressof(code))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, fprog)
