"""Heap that the whole firmware needs on the simulated board, with code in ROM."""

import contextlib
import re
import shutil
import subprocess
import tempfile
import threading
import time

import boardmemory
import httpx
import paho.mqtt.client as paho
from mosquitto import HOST
from program import BOARD, ROOT, Failed
from publishing import broker
from rows import Row
from sim import TOPIC, Simulator

# A ROM file system keeps the structures of functions and constants on the heap. An image with
# frozen code has them in flash: frozen into a 32-bit interpreter, an earlier state of this code
# took 74 KB after the start instead of 108, and 128 KB with everything running. These limits are
# those of the code in ROM; they follow the size of the code.
MOST_IDLE_KB = 192
MOST_KB = 264
ROOMY_KB = 4_096
PARTS = 3  # pictures of the stream to wait for
LIMIT_S = 6


def heap(quick):
    """Yield KB in use after the start and under load, and the smallest heap that suffices."""
    with broker() as mosquitto, tempfile.TemporaryDirectory() as folder:
        idle, busy, names = _measure(folder, mosquitto, ROOMY_KB)
        yield Row("heap in use after the start, QVGA", idle, "KB", at_most=MOST_IDLE_KB)
        yield Row("heap in use, publishing, viewer and /capture, QVGA", busy, "KB")
        smallest = _bisect(folder, mosquitto, names, 32 if quick else 8)
        yield Row("smallest heap that runs everything, QVGA", smallest, "KB", at_most=MOST_KB)
        yield Row("names, not counted above: in flash when frozen", names, "KB")


def _bisect(folder, mosquitto, names, step):
    low, high = 64, MOST_KB  # KB: too little, enough
    while not _is_enough(folder, mosquitto, high + names):
        low, high = high, 2 * high
    while high - low > step:
        middle = (low + high) // 2
        if _is_enough(folder, mosquitto, middle + names):
            high = middle
        else:
            low = middle
    return high


def _is_enough(folder, mosquitto, heap_kb):
    try:
        _measure(folder, mosquitto, heap_kb)
        return True
    except Failed:
        return False


def _measure(folder, mosquitto, heap_kb):
    """Return KB in use after the start and under load, and KB of names; raise Failed."""
    with tempfile.TemporaryDirectory(dir=folder) as root:
        shutil.copy(ROOT / "boot.py", root)
        shutil.copy(BOARD / "qvga.py", root + "/main.py")
        args = ["--heap", str(int(1_000 * heap_kb)), "--root", root, "--rom"]
        try:
            board = Simulator(root, mosquitto.uri, {"pubinterval": 0}, args).start(ready=False)
            with contextlib.closing(_Stopper(board)):
                board.wait_boot(1, LIMIT_S)
                board.wait_output("mqtt: connected", LIMIT_S)
                idle, _ = _in_use(board)
                board.command("pubinterval 1")
                _work(board, mosquitto.port)
                busy, names = _in_use(board)
                if "MemoryError" in board.output or "no room" in board.output:
                    raise Failed("out of memory")
        except (AssertionError, OSError, httpx.HTTPError) as error:
            raise Failed(str(error)) from None
    return idle, busy, names


def _in_use(board):
    """Return KB in use by the firmware without its names, and KB of the names."""
    start = board.wait_output("heap in use: ", LIMIT_S, len(board.output))
    end = board.wait_output("n_total_bytes=", LIMIT_S, start)
    end = board.wait_output("\n", LIMIT_S, end)
    names = boardmemory.names(board.output[start:end])
    used = int(re.match(r"\d+", board.output[start:])[0]) - boardmemory.SIMULATED[32, True]
    return (used - names) / 1_000, names / 1_000


def _work(board, port):
    """Check that pictures are published while there are a viewer and a snapshot."""
    address = f"http://{HOST}:{board.facts['http']}"
    with _Subscriber(port) as pictures, httpx.Client(timeout=LIMIT_S) as client:
        with client.stream("GET", address + "/mjpg") as stream:
            chunks = stream.iter_bytes()
            _parts(chunks)
            snapshot = client.get(address + "/capture")
            if snapshot.status_code != 200 or snapshot.content[-2:] != b"\xff\xd9":
                raise Failed("/capture does not work")
            _parts(chunks)
            pictures.wait()


def _parts(chunks):
    seen, deadline = 0, time.monotonic() + LIMIT_S
    for chunk in chunks:
        seen += chunk.count(b"--frame")
        if seen >= PARTS:
            return
        if time.monotonic() > deadline:
            break
    raise Failed("the stream stopped")


class _Stopper:
    """Stops a board when closed, or kills it after a timeout."""

    def __init__(self, board):
        self._board = board
        self._timer = threading.Timer(3 * LIMIT_S, board._process.kill)
        self._timer.start()

    def close(self):
        self._timer.cancel()
        with contextlib.suppress(subprocess.TimeoutExpired):  # it was killed
            self._board.stop()


class _Subscriber:
    """Counts the pictures that the broker delivers."""

    def __init__(self, port):
        self._enough = threading.Event()
        self._count = 0
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_message = self._message
        self._client.connect(HOST, port)
        self._client.subscribe(f"data/{TOPIC}/image")

    def _message(self, client, userdata, message):
        if not message.retain and message.payload[-2:] == b"\xff\xd9":
            self._count += 1
            if self._count >= 2:
                self._enough.set()

    def wait(self):
        if not self._enough.wait(LIMIT_S):
            raise Failed("no pictures were published")

    def __enter__(self):
        self._client.loop_start()
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()
