"""What a page costs: the heap of each request at its peak, the time with four viewers."""

import contextlib
import shutil
import tempfile
import time
from statistics import median

import httpx
from program import BOARD, ROOT, Failed, is_32_bit
from publishing import broker
from rows import Row
from sim import Simulator
from viewer import Viewer

PAGES = "/ /setup /app.js /login /nothing /api/status /api/settings /api/camera /api/log".split()
SCANS = ("/setup?scan=1", "/api/networks")
ZONE = "CET-1CEST,M3.5.0,M10.5.0/3"
REFUSED = {  # every field; the port is none
    "wifissid": "network of the neighbours",
    "wifipassword": "x" * 20,
    "mqtthost": "mqtts://broker.example.org:8883",
    "mqttport": "x",
    "mqttuser": "camera-at-the-door",
    "mqttpassword": "y" * 20,
    "topic": "camera-at-the-door",
    "timezone": ZONE,
    "adminpass": "z" * 20,
    "save": "1",
}
SAVED = {"mqttuser": "x", "mqttport": "1", "timezone": ZONE, "save": "1"}
SETTINGS = {"pulse": 5, "teleperiod": 60, "timezone": ZONE, "syslog": "log", "apip": "10.0.0.1"}
CAMERA = {"framesize": "svga", "quality": 12, "contrast": 1, "hmirror": 1, "aec_value": 300}
FORMS = (  # path, body
    ("a form that is refused", "/setup", {"data": REFUSED}),
    ("a form that is saved", "/setup", {"data": SAVED}),
    ("POST /api/settings", "/api/settings", {"json": SETTINGS}),
    ("POST /api/camera", "/api/camera", {"json": CAMERA}),
    ("POST /api/command", "/api/command", {"json": {"command": "power", "argument": "off"}}),
)
MOST_KB = 8
MOST_PAGE_64_KB, MOST_FORM_64_KB = 9.5, 14  # pointers of twice the chip's size
MOST_MS = 300
VIEWERS = 4
BROWSER = {  # the head of a browser's request
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate",
    "Accept-Language": "en-GB,en;q=0.9,de;q=0.8",
    "Upgrade-Insecure-Requests": "1",
}


def pages(quick):
    """KB above idle, microdot being there, for each page and form; ms with all viewers there."""
    with broker() as mosquitto, tempfile.TemporaryDirectory() as folder:
        page_kb, form_kb = (
            (MOST_KB, MOST_KB) if is_32_bit() else (MOST_PAGE_64_KB, MOST_FORM_64_KB)
        )
        needed = _heap(folder, mosquitto.uri)
        for page, used in needed.items():
            most = page_kb if page in PAGES else form_kb
            yield Row(f"heap at its peak, above idle: {page}", used / 1_000, "KB", at_most=most)
        value = _complete_ms(folder, mosquitto.uri, 3 if quick else 15)
        yield Row("/ complete, with its files and status, 4 viewers", value, "ms", at_most=MOST_MS)


def _heap(folder, uri):
    """{page: bytes}"""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        shutil.copy(ROOT / "boot.py", own)
        shutil.copy(BOARD / "pages.py", own + "/main.py")
        try:
            with Simulator(own, uri, {"pubinterval": 0}, ["--root", own]) as board:
                board.wait_output("mqtt: connected")
                rounds = [_round(board) for _ in range(4)]
                # the first brings names into memory that stay; others work, too, at times
                return {page: min(each[page] for each in rounds[1:]) for page in rounds[0]}
        except (AssertionError, OSError, httpx.HTTPError) as error:
            raise Failed(str(error)) from None


def _round(board):
    needed = {path: _one(board, path) for path in (*PAGES, *SCANS)}
    for name, path, how in FORMS:
        needed[name] = _one(board, path, "POST", **how)
    return needed


def _one(board, path, method="GET", **more):
    time.sleep(0.15)  # what is in use without it has been looked at
    since = len(board.output)
    reply = httpx.request(method, board.url + path, headers=BROWSER, timeout=10, **more)
    if reply.status_code >= 500:
        raise Failed(f"{method} {path}: {reply.status_code}")
    end = board.wait_output("request needs: ", 10, since)
    board.wait_output("\n", 10, end)
    return int(board.output[end:].split()[0])


def _complete_ms(folder, uri, rounds):
    """The page, what it is made of and its first status, as a browser loads them."""
    parts = ("/style.css", "/app.js", "/icon.svg", "/api/status")
    with tempfile.TemporaryDirectory(dir=folder) as own, contextlib.ExitStack() as stack:
        board = stack.enter_context(Simulator(own, uri, {"pubinterval": 0}))
        board.wait_output("mqtt: connected")
        for _ in range(VIEWERS):
            stack.enter_context(Viewer(board.url))
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            for path in ("/", *parts):
                if httpx.get(board.url + path, headers=BROWSER).status_code != 200:
                    raise Failed(f"{path} does not come")
            times.append(1_000 * (time.perf_counter() - start))
        return median(times)
