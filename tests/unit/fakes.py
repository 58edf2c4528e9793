"""Helpers for unit tests: an event loop with a limit, loopback sockets, minimal collaborators."""

import asyncio
import random
import socket
from asyncio import core

import fasttime  # must come first because it replaces the firmware's clock

import proto.values  # noqa: F401 - loaded for good, as in the product, so that there is one BadArgument
from aio.deadline import Deadlines
from aio.streams import Stream
from app.settings.schema import CHECK, INT, KEY, KIND, find
from app.settings.settings import Settings
from config import limits

# the least that is a JPEG: SOI, SOF0, SOS, a scan, EOI
JPEG = b"\xff\xd8\xff\xc0\0\3x\xff\xda\0\3xscan\xff\xd9"
clock = fasttime.clock
_reserved = []  # sockets of free_port
_SMALL = (  # level, option, value: SO_SNDBUF and SO_RCVBUF of Linux, TCP_MAXSEG, TCP_NODELAY
    (socket.SOL_SOCKET, 7, 65_536),
    (socket.SOL_SOCKET, 8, 65_536),
    (6, 2, 1_460),
    (6, 1, 1),
)


def run(work, limit_s=3_600):
    """Run a coroutine in a new loop; raise TimeoutError after `limit_s` of simulated time."""
    asyncio.new_event_loop()
    return asyncio.run(asyncio.wait_for(work, limit_s))


async def until(condition, what="", limit_s=120):
    """Wait until `condition()` is true, for at most `limit_s`."""
    end = clock.now_ms() + 1_000 * limit_s
    step_ms = 1
    while not condition():
        assert clock.now_ms() < end, "never " + (what or "came true")
        await asyncio.sleep_ms(step_ms)
        step_ms = min(2 * step_ms, 200)


async def ended(task):
    """Cancel a task and wait for its end; raise its own exception, if any."""
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass


async def outcome(work):
    """Return the exception that a coroutine raises, or else its result."""
    try:
        return await work
    except Exception as e:
        return e


async def served(server, stream):
    """Serve and close a connection, as the listener does; return its `outcome`."""
    error = await outcome(server.serve(stream))
    stream.close()
    return error


def _make_small(sock):
    """Limit the kernel's buffers to about 100 KB and disable Nagle's algorithm."""
    for level, option, value in _SMALL:
        try:
            sock.setsockopt(level, option, value)
        except OSError:  # another operating system keeps its own sizes
            pass


def _bound():
    """Return (socket, port) on the loopback interface; no other program uses the port."""
    while True:
        sock = socket.socket()
        port = 20_000 + random.getrandbits(13)  # below the ports of outgoing connections
        try:
            sock.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
        except OSError:
            sock.close()
        else:  # from now on a listener of this program may share it
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            return sock, port


def listening():
    """Return (listening socket, port) on the loopback interface."""
    sock, port = _bound()
    _make_small(sock)
    sock.listen(8)
    return sock, port


def free_port():
    """Return a port without a listener; it stays reserved for this program."""
    sock, port = _bound()
    _reserved.append(sock)
    return port


async def readable(sock):
    """Wait until a socket has something to read, or a connection to accept."""
    yield core._io_queue.queue_read(sock)


def client_socket(port):
    """Return a blocking socket connected to a port of the loopback interface."""
    sock = socket.socket()
    _make_small(sock)
    sock.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    return sock


class Wire:
    """Loopback connection between `ours`, the firmware's Stream, and `peer`, a plain stream."""

    def __init__(self, stall_ms=10_000):
        server, port = listening()
        self.far = client_socket(port)
        near = server.accept()[0]
        server.close()
        near.setblocking(False)
        self.far.setblocking(False)
        self.deadlines = Deadlines(5)
        self.ours = Stream(near, self.deadlines, stall_ms=stall_ms)
        self.peer = Stream(self.far, Deadlines(), stall_ms=0)

    async def __aenter__(self):
        self._task = asyncio.create_task(self.deadlines.run())
        return self

    async def __aexit__(self, kind, error, trace):
        await ended(self._task)
        self.ours.close()
        self.peer.close()


async def read(stream, n):
    """Return exactly n bytes, or fewer if the peer closes."""
    data = bytearray(n)
    view = memoryview(data)
    at = 0
    while at < n:
        got = await stream.recv_into(view[at:])
        if not got:
            break
        at += got
    return bytes(view[:at])


# CA certificate that TLS accepts
CA = """\
-----BEGIN CERTIFICATE-----
MIIBfDCCASGgAwIBAgIUezY4U9JgtK7Z1C2zz+b1wMkqBTkwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yNjExMjIyMjM1MjlaGA8yMTI2MTAyOTIy
MzUyOVowEjEQMA4GA1UEAwwHVGVzdCBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABPXj1XZNPiEIadnT1ORuUzJrCxHfzgvOqzwWqBiY313sIq/O60kKx5pFEu70
IRU6onWQXSJE/BGCvwhcyebkD2WjUzBRMB0GA1UdDgQWBBTOJo7A/ZT3bQlRpasR
GCqzCvoRnjAfBgNVHSMEGDAWgBTOJo7A/ZT3bQlRpasRGCqzCvoRnjAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDGqU5yVx2FT8acfNesaWNeCMRy
hq4GhD4/53fI30IEiQIhALCK0ozLRtdXQ4gsa4IskKqvmXkHpfzs2rcnBxqBD9kC
-----END CERTIFICATE-----
"""


class WallClock:
    """Clock that is set for times from `since_ns` on, as time.time_ns() gives them; 0: for all."""

    def __init__(self, since_ns=0):
        self.set = asyncio.Event()
        self.set.set()
        self.since_ns = since_ns

    def knew(self, time_ns):
        return self.set.is_set() and time_ns >= self.since_ns


class Log:
    """Records the log messages."""

    def __init__(self):
        self.debugs = []
        self.infos = []
        self.errors = []

    def debug(self, who, text, *args):
        self.debugs.append((who, text.format(*args) if args else text))

    def info(self, who, text):
        self.infos.append((who, text))

    def error(self, who, text):
        self.errors.append((who, text))

    def uptime_s(self):
        return clock.now_ms() // 1_000


def settings_on(nvs=None, log=None, device_id="DVES_A1B2C3", values=None, **more):
    """Return Settings over a namespace in RAM that initially holds `values` ({name: text})."""
    nvs = nvs or NVS()
    for name, text in (values or {}).items():
        row = find(name)
        value = row[CHECK](text)
        nvs.stored[row[KEY]] = value if row[KIND] == INT else value.encode()
    return Settings(nvs, log or Log(), device_id, **more)


class Backoff:
    """Returns a fixed delay and counts its calls."""

    def __init__(self, ms=1_000):
        self.ms = ms
        self.nexts = self.resets = 0

    def __call__(self):
        return self

    def next_ms(self):
        self.nexts += 1
        return self.ms

    def reset(self):
        self.resets += 1


class Direct:
    """OffLoop that calls the function at once, in the event loop."""

    async def call(self, function, *args):
        return function(*args)


class NVS:
    """Namespace in RAM with the interface of hal.nvs; `full` refuses every write.

    `damaged` are keys whose blobs are stored, but cannot be read.
    """

    def __init__(self):
        self.stored = {}
        self.damaged = set()
        self.writes = self.commits = 0
        self.full = self.commit_fails = False

    def get_int(self, key, default=None):
        value = self.stored.get(key)
        return value if isinstance(value, int) else default

    def get_blob(self, key, default=None):
        value = self.stored.get(key)
        return value if isinstance(value, bytes) and key not in self.damaged else default

    def is_damaged(self, key):
        return key in self.damaged

    def set_int(self, key, value):
        assert isinstance(value, int) and -(1 << 31) < value < 1 << 31
        self._set(key, value)

    def set_blob(self, key, data):
        assert isinstance(data, bytes)
        if len(data) > limits.NVS_VALUE_BYTES:
            raise ValueError("too long for NVS")
        self._set(key, data)

    def _set(self, key, value):
        assert len(key) <= 15
        if self.full:
            raise OSError(-4357)  # ESP_ERR_NVS_NOT_ENOUGH_SPACE
        self.writes += 1
        self.stored[key] = value
        self.damaged.discard(key)

    def erase(self, key):
        self.damaged.discard(key)
        if self.stored.pop(key, None) is not None:
            self.writes += 1

    def commit(self):
        if self.commit_fails:
            raise OSError(-4353)
        self.commits += 1
