"""Run the camera on the simulated board under load, with random faults; `make soak` starts it.

    make soak MINUTES=10
    .venv/bin/python tools/soak/run.py --minutes 10 --seed 7

Load: three viewers and one by RTSP, a picture with metadata every second, the live view over MQTT,
motion detection with a sensor that sees somebody every few seconds, and 20 commands a second. One
fault after another lasts some seconds; then pictures must be published, /capture and a command
must work again within 60 s.
The board's ticks wrap 20 s after each start, which takes 12 days on the chip.
Prints the figures and writes build/soak.json; exits with 1 if a figure misses its limit.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / each) for each in (".", "tools", "tools/sim", "tests/e2e")]

# ruff: noqa: E402 - found on the path above
import faults
from counters import Counters
from listener import Listener
from load import Load
from mosquitto import Mosquitto
from options import WRAP_S
from sim import TOPIC, Simulator, wait_until
from soakreport import RECOVERY_S, report

from config import limits

MOTION = {"off": 0, "both": 3}
SETTINGS = {
    "pubinterval": "1",
    "loglevel": "error",
    "meta": "on",
    "exif": "on",
    "rtsp": "on",
    "motion": "both",
    "motionpause": "1",
    "motionpictures": "1",
}
LONGEST_FAULT_S = 8
LIVE, OF_MOTION = f"data/{TOPIC}/live", f"data/{TOPIC}/motion/"
PICTURES = faults.IMAGE, LIVE
WARM_UP_S = 60
WRAP_AFTER_S = 20
BOARD = ("--uptime", str(WRAP_S - WRAP_AFTER_S))


class Client(Listener):
    """Listener that keeps no pictures, which would fill the PC's memory within hours."""

    def _received(self, client, data, message):
        if message.topic in PICTURES or message.topic.startswith(OF_MOTION):
            message.payload = b""
        super()._received(client, data, message)


class Soak:
    """One run; `figures` are its results."""

    def __init__(self, camera, broker, client, chance):
        self._camera = camera
        self._broker = broker
        self._client = client
        self._chance = chance
        self._counters = Counters(WRAP_AFTER_S)
        self.figures = {"faults": {}, "recovery_s": [], "longest_pause_ms": 0}

    def run(self, seconds):
        """Inject faults for a time, after a first minute without any."""
        end = time.monotonic() + seconds
        self._camera.control("pause")  # that of the start is not one of the load
        with Load(self._camera, self._client) as load:
            time.sleep(min(WARM_UP_S, seconds))
            self._note_pause()
        before = self._idle()
        with Load(self._camera, self._client) as more:
            while time.monotonic() < end:
                self._cycle()
        after = self._idle()
        topics = [message.topic for message in self._client.messages]
        self.figures["published"] = topics.count(faults.IMAGE)
        self.figures["live"] = topics.count(LIVE)
        self.figures["of_motion"] = sum(topic.startswith(OF_MOTION) for topic in topics)
        self.figures |= self._counters.sums
        self.figures["viewed"] = load.parts + more.parts
        self.figures["recorded"] = load.recorded + more.recorded
        self.figures["commands"] = load.sent + more.sent
        self.figures["heap_drift_bytes"] = before["free"] - after["free"]
        for what in ("sockets", "tasks"):
            self.figures[what] = [before[what], after[what]]
        self.figures["boots"] = self._camera.facts["boots"]
        self.figures["wraps"] = len(self._counters.wrapped)

    def _cycle(self):
        fault = self._fault()
        lasts_s = self._chance.uniform(1, LONGEST_FAULT_S)
        name = fault.__name__
        with fault(self._camera, self._broker):
            time.sleep(lasts_s)
        try:
            took = self._recovered()
        except AssertionError as error:
            took = None
            print(f"{name} for {lasts_s:.1f} s: {error}", flush=True)
        row = self.figures["faults"].setdefault(name, {"injected": 0, "survived": 0})
        row["injected"] += 1
        row["survived"] += took is not None
        self.figures["recovery_s"].append(took)
        self._camera.control("pause")  # what happens during a fault has limits of its own
        time.sleep(1)
        self._note_pause()

    def _fault(self):
        """Choose a fault. None ends a start that is not good yet: five lead to safe mode."""
        uptime_s = int(self._camera.status("3").split(",")[0].split()[1])
        young = uptime_s < limits.START_HEALTHY_MS // 1_000
        return self._chance.choice([f for f in faults.ALL if not (young and f in faults.RESETS)])

    def _recovered(self):
        """Wait until pictures and commands work; return the seconds. Notes the counters."""
        took = faults.recover(self._camera, self._client, RECOVERY_S)
        self._counters.note(self._camera.facts["boots"], self._client.command("status", "3"))
        return took

    def _note_pause(self):
        ms = self._camera.control("pause")["ms"]
        self.figures["longest_pause_ms"] = max(self.figures["longest_pause_ms"], ms)

    def _idle(self):
        """Return the free heap, the open sockets and the tasks, once the load has gone."""
        self._recovered()
        self._fill()
        self._switch(0, "off")
        time.sleep(12)  # slots for pictures are freed after 10 s
        state = {
            "free": self._free_heap(),
            "sockets": self._camera.control("sockets")["open"],
            "tasks": self._camera.control("tasks")["count"],
        }
        self._switch(1, "both")
        return state

    def _fill(self):
        """Bring the camera into the same state each time: its log is full, its pages are loaded.

        Lines about faults, and what it keeps since its first page, are no loss of memory.
        """
        with faults.picture_size_changed(self._camera, self._broker):
            self._recovered()
        self._recovered()
        self._client.command("loglevel", "debug")
        for _ in range(limits.LOG_LINES):
            assert self._camera.get("/none").status_code == 404  # logged
        self._client.command("loglevel", SETTINGS["loglevel"])

    def _switch(self, pubinterval, motion):
        """Set both, and wait until they are stored, so that they survive a power cut."""
        self._client.command("pubinterval", str(pubinterval))
        self._client.command("motion", motion)

        def stored():
            values = self._camera.control("nvs")["nvs"]["syscfg"]
            return values.get("MQTT_PUBINTERV", 0), values.get("MOTION", 0)

        wait_until(lambda: stored() == (pubinterval, MOTION[motion]), 10, "the stored settings")

    def _free_heap(self):
        return int(self._client.command("status", "2").split(", ")[3])


def main(argv=None):
    parser = argparse.ArgumentParser(prog="soak", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, help="default: a random one, which is printed")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "soak.json")
    args = parser.parse_args(argv)
    seed = random.randrange(1_000_000) if args.seed is None else args.seed
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        with (
            Mosquitto(folder / "broker", options={"log_type": "none"}) as broker,
            Simulator(folder / "camera", broker.uri, SETTINGS, BOARD, fast=False) as camera,
            Client(broker.port, f"stat/{TOPIC}/#", f"data/{TOPIC}/#") as client,
        ):
            soak = Soak(camera, broker, client, random.Random(seed))
            soak.run(60 * args.minutes)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps({"seed": seed, **soak.figures}, indent=1) + "\n")
    missed = report(soak.figures, seed)
    for text in missed:
        print("MISSED: " + text)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
