"""Throughput of pictures over HTTP, with a client that only reads, and load time of the page."""

import contextlib
import selectors
import socket
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import httpx
from mosquitto import HOST, free_port
from probe import NO_BROKER
from program import Failed, started
from rows import Row
from rtsp_client import RTSPClient
from sim import Simulator
from viewer import Viewer

SIZE = 50_000
AT_LEAST = {"/jpg": 0.3, "/mjpg": 0.9, "rtsp": 0.9}
VIEWERS = 4
FILES = ("/style.css", "/app.js", "/icon.svg")  # a browser requests them at once, after the page
MOST_PAGE_MS = 300


def http(quick):
    """Yield requests/s and MB/s, compared with a bare asyncio server in the same process."""
    ours, bare, rtsp = free_port(), free_port(), free_port()
    duration_s, rounds = (0.1, 3) if quick else (0.4, 9)
    with started("web", size=SIZE, port=ours, bare_port=bare, rtsp_port=rtsp) as process:
        if not process.stdout.readline().startswith("{"):
            raise Failed("the web server did not start\n" + process.stderr.read())
        pairs = [(_requests(ours, duration_s), _requests(bare, duration_s)) for _ in range(rounds)]
        yield _row("/jpg / bare asyncio server", "1/s", pairs, AT_LEAST["/jpg"])
        pairs = [(_stream(ours, duration_s), _stream(bare, duration_s)) for _ in range(rounds)]
        yield _row("/mjpg, 4 viewers / bare asyncio server", "MB/s", pairs, AT_LEAST["/mjpg"])
        pairs = [(_rtsp(rtsp, duration_s), _stream(ours, duration_s, 1)) for _ in range(rounds)]
        yield _row("RTSP / mjpg, 1 viewer", "MB/s", pairs, AT_LEAST["rtsp"])
    value = _page_ms(3 if quick else 15)
    yield Row("/ with its files and status, 4 viewers", value, "ms", at_most=MOST_PAGE_MS)


def _row(name, unit, pairs, at_least):
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
                raise Failed(f"/jpg returned only {got} bytes")
        count += 1
    return count / passed


def _stream(port, duration_s, viewers=VIEWERS):
    """Return the MB/s of all viewers together."""
    with contextlib.ExitStack() as stack:
        socks = [_connect(port, "/mjpg") for _ in range(viewers)]
        for sock in socks:
            stack.enter_context(contextlib.closing(sock))
        return _received(socks, duration_s)


def _rtsp(port, duration_s):
    """Return the MB/s of one RTSP client, packet headers included."""
    with RTSPClient(port) as client:
        client.play()
        return _received([client.sock], duration_s)


def _received(socks, duration_s):
    buffer = bytearray(1 << 20)
    with selectors.DefaultSelector() as ready:
        for sock in socks:
            ready.register(sock, selectors.EVENT_READ)
        _read(ready, buffer, duration_s / 4)  # until the sockets' buffers have grown
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


def _page_ms(rounds):
    """Return the ms that a browser waits for the page, on the simulated board."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        board = stack.enter_context(Simulator(folder, NO_BROKER))
        for _ in range(VIEWERS):
            stack.enter_context(Viewer(board.url))
        client = stack.enter_context(httpx.Client(base_url=board.url))
        pool = stack.enter_context(ThreadPoolExecutor(len(FILES)))

        def get(path):
            if client.get(path).status_code != 200:
                raise Failed(f"{path}: not status 200")

        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            get("/")
            list(pool.map(get, FILES))
            get("/api/status")
            times.append(1_000 * (time.perf_counter() - start))
    return median(times)
