"""What heap the whole firmware needs on the simulated board: in use, and at least."""

import contextlib
import re
import shutil
import subprocess
import tempfile
import threading
import time

import httpx
import paho.mqtt.client as paho
from mosquitto import HOST
from program import BOARD, ROOT, Failed
from publishing import broker
from rows import Row
from sim import TOPIC, Simulator

MOST_KB = 256
PARTS = 3  # of the stream, and so many published pictures
LIMIT_S = 6


def heap(quick):
    """KB in use after start and with everything running, and the smallest heap for QVGA."""
    with broker() as mosquitto, tempfile.TemporaryDirectory() as folder:
        idle, busy = _uses(folder, mosquitto, 4_096)
        yield Row("heap in use after start, QVGA", idle / 1_000, "KB")
        yield Row("heap in use, publishing, viewer and /capture, QVGA", busy / 1_000, "KB")
        smallest = _bisect(folder, mosquitto, 48 if quick else 16)
        yield Row("smallest heap that runs everything, QVGA", smallest, "KiB", at_most=MOST_KB)


def _bisect(folder, mosquitto, step):
    low, high = 64, MOST_KB  # KiB: too little, enough
    while not _is_enough(folder, mosquitto, high):
        low, high = high, 2 * high
    while high - low > step:
        middle = (low + high) // 2
        if _is_enough(folder, mosquitto, middle):
            high = middle
        else:
            low = middle
    return high


def _is_enough(folder, mosquitto, heap_kb):
    try:
        _uses(folder, mosquitto, heap_kb)
        return True
    except Failed:
        return False


def _uses(folder, mosquitto, heap_kb):
    """(after start, with everything running) in bytes; Failed when anything does not work."""
    settings = {"pubinterval": 1}
    with tempfile.TemporaryDirectory(dir=folder) as own:
        shutil.copy(ROOT / "boot.py", own)
        shutil.copy(BOARD / "qvga.py", own + "/main.py")
        args = ["--heap", f"{heap_kb}K", "--root", own]
        try:
            board = Simulator(own, mosquitto.uri, settings, args).start(ready=False)
            with contextlib.closing(_Ended(board)):
                board.wait_boot(1, LIMIT_S)
                board.wait_output("mqtt: connected", LIMIT_S)
                idle = _in_use(board)
                _work(board, mosquitto.port)
                busy = _in_use(board)
                if "MemoryError" in board.output or "no room" in board.output:
                    raise Failed("memory ran out")
        except (AssertionError, OSError, httpx.HTTPError) as error:
            raise Failed(str(error)) from None
    return idle, busy


def _in_use(board):
    end = board.wait_output("heap in use: ", LIMIT_S, len(board.output))
    board.wait_output("\n", LIMIT_S, end)
    return int(re.match(r"\d+", board.output[end:])[0])


def _work(board, port):
    """Publishing, one viewer, and one snapshot meanwhile."""
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
    raise Failed("the stream does not run")


class _Ended:
    """Ends a board, at the latest when it has taken far too long over what it has to do."""

    def __init__(self, board):
        self._board = board
        self._timer = threading.Timer(3 * LIMIT_S, board._process.kill)
        self._timer.start()

    def close(self):
        self._timer.cancel()
        with contextlib.suppress(subprocess.TimeoutExpired):  # it was killed
            self._board.stop()


class _Subscriber:
    """Counts the pictures that the broker hands on."""

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
            raise Failed("nothing is published")

    def __enter__(self):
        self._client.loop_start()
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()
