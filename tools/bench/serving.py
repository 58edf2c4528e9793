"""Throughput of pictures over HTTP, read by a client that does nothing else."""

import contextlib
import selectors
import socket
import time
from statistics import median

from mosquitto import HOST, free_port
from program import Failed, started
from rows import Row

SIZE = 50_000
AT_LEAST = 0.9
AT_LEAST_ONE = 0.3  # a picture by itself: the request is checked, and goes through microdot
VIEWERS = 4


def http(quick):
    """Yield requests and bytes per second, against a bare asyncio server in the same process."""
    ours, bare = free_port(), free_port()
    duration_s, rounds = (0.1, 3) if quick else (0.4, 9)
    with started("web", size=SIZE, port=ours, bare_port=bare) as process:
        if not process.stdout.readline().startswith("{"):
            raise Failed("the web server does not start\n" + process.stderr.read())
        pairs = [(_requests(ours, duration_s), _requests(bare, duration_s)) for _ in range(rounds)]
        yield _row("/jpg / bare asyncio server", "1/s", pairs, AT_LEAST_ONE)
        pairs = [(_stream(ours, duration_s), _stream(bare, duration_s)) for _ in range(rounds)]
        yield _row("/mjpg, 4 viewers / bare asyncio server", "MB/s", pairs, AT_LEAST)


def _row(name, unit, pairs, at_least=None):
    ratio = median(mine / other for mine, other in pairs)
    return Row(name, median(mine for mine, _ in pairs), unit, ratio, at_least=at_least)


def _connect(port, path):
    sock = socket.create_connection((HOST, port), 5)
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return sock


def _requests(port, duration_s):
    buffer = bytearray(1 << 20)
    start, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < duration_s:
        with contextlib.closing(_connect(port, "/jpg")) as sock:
            got = 0
            while n := sock.recv_into(buffer):
                got += n
            if got < SIZE:
                raise Failed(f"/jpg gave only {got} bytes")
        count += 1
    return count / passed


def _stream(port, duration_s):
    """Return the MB/s that all viewers get together."""
    buffer = bytearray(1 << 20)
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as ready:
        for _ in range(VIEWERS):
            sock = stack.enter_context(contextlib.closing(_connect(port, "/mjpg")))
            ready.register(sock, selectors.EVENT_READ)
        _read(ready, buffer, duration_s / 4)  # the sockets' buffers have grown
        return _read(ready, buffer, duration_s)


def _read(ready, buffer, duration_s):
    start, got = time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < duration_s:
        for key, _ in ready.select(1):
            n = key.fileobj.recv_into(buffer)
            if not n:
                raise Failed("/mjpg ended")
            got += n
    return got / passed / 1e6
