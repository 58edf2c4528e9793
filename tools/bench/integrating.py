"""What hubs cost: the discovery message for Home Assistant, and /metrics for Prometheus."""

import re
import shutil
import tempfile

import httpx
from computing import user_s
from program import BOARD, ROOT
from publishing import broker
from rows import Row
from sim import Simulator

MOST_DISCOVERY_MS, MOST_DISCOVERY_KB = 60, 4
MOST_METRICS_MS, MOST_METRICS_KB = 15, 3
SETTINGS = {"pubinterval": 0, "metrics": "on"}


def hubs(quick):
    """Yield ms and KB of heap of one discovery message, and of one response of /metrics."""
    with broker() as mosquitto, tempfile.TemporaryDirectory() as root:
        shutil.copy(ROOT / "boot.py", root)
        shutil.copy(BOARD / "hubs.py", root + "/main.py")
        with Simulator(root, mosquitto.uri, SETTINGS, ["--root", root]) as board:
            value = _printed(board, "discovery us: ") / 1_000
            yield Row("discovery message, sent", value, "ms", at_most=MOST_DISCOVERY_MS)
            value = _printed(board, "discovery bytes: ") / 1_000
            yield Row("heap of it meanwhile", value, "KB", at_most=MOST_DISCOVERY_KB)
            httpx.get(board.url + "/metrics").raise_for_status()
            kb = _printed(board, "metrics bytes: ") / 1_000
        with Simulator(root + "/metrics", mosquitto.uri, SETTINGS) as board:
            count = 10 if quick else 100
            before = user_s(board.pid)
            for _ in range(count):
                httpx.get(board.url + "/metrics").raise_for_status()
            value = 1_000 * (user_s(board.pid) - before) / count
        yield Row("CPU time of /metrics", value, "ms", at_most=MOST_METRICS_MS)
        yield Row("heap of it meanwhile", kb, "KB", at_most=MOST_METRICS_KB)


def _printed(board, text):
    end = board.wait_output(text)
    board.wait_output("\n", since=end)
    return int(re.match(r"\d+", board.output[end:])[0])
