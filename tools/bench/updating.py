"""What an update of 1.5 MB by MQTT costs: heap, time against a bare loop, stalls of the loop.

The bare loop reads the same socket and writes the same flash; an erase of a block takes 45 ms.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from listener import Listener
from mosquitto import HOST
from program import BOARD, ROOT, Failed
from publishing import broker
from rows import Row
from sim import TOPIC, Simulator

sys.path.append(str(ROOT / "tests"))  # images
BYTES = 1_536 * 1_024
MOST_HEAP_KB = 16
MOST_RATIO = 1.1
P999_MS = 20
LIMIT_S = 60


def update(quick):
    """Heap over idle; time to receive and write; lateness of a ticker meanwhile."""
    from images import image

    data = image("v99.0.0", size=BYTES // 4 if quick else BYTES)
    part = image("v99.0.0", size=BYTES // 24 if quick else BYTES // 6)
    with broker(set_tcp_nodelay="true") as mosquitto:
        heap = _ours("heap", mosquitto, data)["heap"] / 1_000
        yield Row("update by MQTT: heap above idle at its peak", heap, "KB", at_most=MOST_HEAP_KB)
        name = "update by MQTT: received and written, times a bare loop"
        ratio = _ours("time", mosquitto, part, False)["write"]
        ratio /= _bare(mosquitto, part, False)["write"]
        yield Row(name, ratio, "", at_most=MOST_RATIO)
        rounds = [
            (_ours("time", mosquitto, data), _bare(mosquitto, data)["write"])
            for _ in range(1 if quick else 3)
        ]
        ratio = median(ours["write"] / bare for ours, bare in rounds)
        yield Row("update by MQTT: the same with flash that takes no time", ratio, "")
        whole = median(ours["all"] for ours, _ in rounds) / 1_000
        yield Row("update by MQTT: then, with reading back and checking", whole, "s")
        late = _ours("stall", mosquitto, data)["p999"]
        yield Row("update by MQTT: stall, 99.9 %", late, "ms", at_most=P999_MS)


def _ours(mode, mosquitto, data, fast=True):
    with _board(f'MODE = "{mode}"', "updating", mosquitto, fast) as board:
        board.wait_output("mqtt: connected")
        device = board.facts["device_id"]
        with Listener(mosquitto.port, f"stat/{TOPIC}/#") as client:
            client.wait(f"stat/{TOPIC}/timer")
            if mode == "heap":
                client.ask("pubinterval", "0")
            since = len(client.messages)
            client.publish(f"cmnd/{TOPIC}/mqttotastart", "1")
            client.wait(f"stat/{TOPIC}/mqttotastart", b"on", since=since)
            client.send(f"OTA/{device}/data", data)
            return _found(board, 0)


def _bare(mosquitto, data, fast=True):
    lines = f'HOST, PORT = "{HOST}", {mosquitto.port}'
    with _board(lines, "bareupdate", mosquitto, fast, ready=False) as board:
        _found(board, 0)
        with Listener(mosquitto.port, "none") as client:
            client.send("OTA/bare/data", data)
            return _found(board, board.output.find("bench: ") + 8)


def _found(board, since):
    try:
        at = board.wait_output("bench: ", LIMIT_S, since)
        board.wait_output("\n", 5, at)
    except AssertionError as error:
        raise Failed(str(error)) from None
    return json.loads(board.output[at:].splitlines()[0])


class _board:
    """A simulated board with a program of ours instead of main.py; a context manager."""

    def __init__(self, lines, name, mosquitto, fast, ready=True):
        self._folder = tempfile.mkdtemp()
        shutil.copy(ROOT / "boot.py", self._folder)
        program = Path(self._folder, "main.py")
        program.write_text(lines + "\n" + (BOARD / f"{name}.py").read_text())
        args = ("--root", self._folder)
        settings = {"pubinterval": "0"}
        self._made = Simulator(self._folder, mosquitto.uri, settings, args, fast)
        self._ready = ready

    def __enter__(self):
        return self._made.start(self._ready)

    def __exit__(self, *_):
        self._made.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
