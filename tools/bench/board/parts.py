"""Components of the firmware, connected without hardware, for the programs to measure."""

import array
import asyncio
import gc
import json
import random
import sys
from time import ticks_ms

from aio.backoff import Backoff
from aio.connect import Connector
from aio.deadline import Deadlines
from aio.offloop import OffLoop
from app.camera import params
from app.camera.camera import Camera
from app.camera.frames import Frames
from app.mqtt.connection import Connection
from app.mqtt.outbox import Outbox
from app.mqtt.receiver import Receiver
from app.mqtt.session import MQTTSession
from app.mqtt.topics import Topics

_HEAD = (  # UXGA, 4:2:2
    b"\xff\xd8"
    + b"\xff\xdb\0\x84\0" + b"\x10" * 64 + b"\1" + b"\x10" * 64
    + b"\xff\xc0\0\x11\x08\x04\xb0\x06\x40\3\1\x21\0\2\x11\1\3\x11\1"
    + b"\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0"
)  # fmt: skip


def arguments():
    """Return the program's arguments, one JSON object; set the GC threshold as app.system does."""
    gc.threshold(gc.mem_free() // 4)
    return json.loads(sys.argv[1])


def say(**values):
    """Print a JSON line for the process that started the program."""
    print(json.dumps(values))


def jpeg(size):
    """Return `size` incompressible bytes behind JPEG headers, as a signed view like a driver's."""
    noise = bytes(random.getrandbits(8) & 0x7F for _ in range(1_000))
    data = _HEAD + noise * (size // 1_000 + 1)
    return memoryview(array.array("b", data[: size - 2] + b"\xff\xd9"))


class Log:
    """Prints errors to stderr, so that they do not mix with the results."""

    def debug(self, component, text, *args):
        pass

    info = debug

    def error(self, component, text):
        print(component, text, file=sys.stderr)

    def uptime_s(self):
        return ticks_ms() // 1_000


class Sensor:
    """Returns the same picture at once for every capture: that in `file`, or one of `size`."""

    stale = 2  # as in the real drivers
    copies = False
    chip = "OV2640"
    framesize, quality = "UXGA", 8

    def __init__(self, size, file=""):
        self._view = jpeg(size)
        if file:
            with open(file, "rb") as picture:
                self._view = memoryview(array.array("b", picture.read()))

    async def start(self, framesize, quality):
        pass

    async def capture(self, timeout_ms):
        return self._view

    def poll(self):
        return self._view

    def release(self, rest=False):
        pass


class EmptyStore:
    """Store without settings."""

    def get_int(self, key, default=None):
        return default


class NoCommands:
    """Ignores all commands."""

    async def receive(self, topic, body, retained):
        pass


class Parts:
    """Camera, frames and session."""

    def __init__(self, size, port=1883, host="127.0.0.1", ca="", interval_s=1, file=""):
        self.settings = {
            "hadiscovery": 0,
            "retain": 1,
            "flash": 0,
            "mqtthost": host,
            "mqttport": port,
            "mqttsecurity": 1 if ca else 0,
            "mqttverify": 0,
            "mqttpin": "",
            "mqttca": ca,
            "mqttcert": "",
            "mqttkey": "",
            "mqttkeepalive": 120,
            "mqttcleansession": 1,
            "deepsleep": 0,
            "mqttuser": "",
            "mqttpass": "",
            "adminpass": "",
            "embed": 0,
            "topic": "bench",
            "grouptopic": "benches",
            "subtopic": "#",
            "mqttclientid": "",
            "pubinterval": interval_s,
            "pubmaxbytes": 0,
            "motion": 1,
            "motionlevel": 50,
            "motionarea": 3,
            "motionframes": 2,
            "motionmask": "",
            "motionfps": 2,
            "motionpause": 1,
            "motionpictures": 3,
        }
        self.log = Log()
        self.topics = Topics(self.settings, "DVES_BE7C40")
        self.deadlines = Deadlines()
        self.frames = Frames(
            Camera(
                Sensor(size, file),
                self.log,
                Backoff,
                params.load(EmptyStore(), self.log),
                lambda: 1 << 20,
            ),
            self.log,
        )
        ready = asyncio.Event()
        ready.set()
        connector = Connector(OffLoop(), self.deadlines)
        connection = Connection(connector, self.settings, self.topics, ready, ready, self.log)
        self.outbox = Outbox()
        self.session = MQTTSession(
            connection,
            Receiver(NoCommands()),
            self.outbox,
            self.settings,
            self.topics,
            self.log,
            Backoff,
        )

    def start(self, *more):
        """Run the components, and `more` ones, without a supervisor; return their tasks."""
        components = (self.deadlines, self.frames, self.session) + more
        return [asyncio.create_task(component.run()) for component in components]
