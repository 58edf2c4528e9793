"""Time until a browser has the page, while the camera is busy with viewers."""

import contextlib
import tempfile
import time
from statistics import median

import httpx
from probe import NO_BROKER
from program import Failed
from rows import Row
from sim import Simulator
from viewer import Viewer

FILES = ("/", "/style.css", "/app.js", "/icon.svg", "/api/status")  # what the page loads
VIEWERS = 4
MOST_MS = 300


def pages(quick):
    """Yield the ms for the page with its files and its first status, on the simulated board."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        board = stack.enter_context(Simulator(folder, NO_BROKER))
        for _ in range(VIEWERS):
            stack.enter_context(Viewer(board.url))
        client = stack.enter_context(httpx.Client(base_url=board.url))
        times = [_load_ms(client) for _ in range(3 if quick else 15)]
    name = f"/ with its files and status, {VIEWERS} viewers"
    yield Row(name, median(times), "ms", at_most=MOST_MS)


def _load_ms(client):
    start = time.perf_counter()
    for path in FILES:
        if client.get(path).status_code != 200:
            raise Failed(f"{path} is not served")
    return 1_000 * (time.perf_counter() - start)
