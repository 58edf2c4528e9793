"""The firmware's updater on the simulated flash, all in this process, for thousands of runs.

Waits take no time, and nothing runs concurrently.
"""

import asyncio
import json
import sys
import time
import types
from collections import defaultdict
from pathlib import Path

from errors import DeviceError
from flashed import Board as _Board
from nvs import NVS as _Store
from partitions import DATA

ROOT = Path(__file__).resolve().parents[2]


async def _sleep_ms(ms):
    pass


async def _wait_for_ms(work, ms):
    return await work


def _install():
    """Add MicroPython's functions and the simulated chip's modules to this interpreter."""
    asyncio.sleep_ms = _sleep_ms
    asyncio.wait_for_ms = _wait_for_ms
    time.ticks_ms = lambda: int(time.monotonic() * 1000)
    time.ticks_diff = lambda a, b: a - b
    time.ticks_add = lambda a, b: a + b
    world = types.ModuleType("world")
    world.main = types.SimpleNamespace()
    sys.modules["world"] = world
    sys.path.append(str(ROOT / "tools" / "sim" / "board"))
    sys.path.append(str(ROOT))
    return world


WORLD = _install()

from app.mqtt.topics import Topics  # noqa: E402
from app.ota.report import Report  # noqa: E402
from app.ota.trial import Trial  # noqa: E402
from app.ota.updater import Updater  # noqa: E402
from hal import appslot, flash, otadata  # noqa: E402
from hal.nvs import NVS  # noqa: E402


class Done(types.SimpleNamespace):
    """Event that is always set."""

    def is_set(self):
        return True

    def set(self):
        pass


class Board(_Board):
    """Flash, bootloader and NVS under the firmware's updater; `cells` are the flash contents."""

    def __init__(self, cells=None, seed=0):
        super().__init__(cells, seed)
        place = self.parts.first(DATA, label="nvs")
        self.nvs = _Store(self.flash, place.offset, place.size)
        self.calls |= self.parts.calls() | self.nvs.calls()

    def start(self):
        self.nvs.reset()
        return super().start()

    def attach(self):
        """Connect the firmware's modules to this board."""
        WORLD.call = self._call
        WORLD.flash = types.SimpleNamespace(read=self._read)
        WORLD.main.write_flash = self.flash.write

    def _call(self, name, *args):
        try:
            return self.calls[name](*args)
        except DeviceError as error:
            raise {"OSError": OSError}[error.kind](*error.arguments) from None

    def _read(self, at, view):
        view[:] = self.flash.read(at, len(view))


class Session:
    """Records published messages; always up."""

    def __init__(self):
        self.up = Done()
        self.published = []

    async def publish(self, topic, payload, retain=False, qos=0):
        self.published.append((topic.decode(), payload.decode()))

    async def subscribe(self, filter):
        pass

    async def unsubscribe(self):
        pass


class Others:
    """Stands in for camera, Wi-Fi, log, restart and command handler."""

    def __init__(self):
        self.up = Done()
        self.data = None
        self.at_rest = False
        self.restarts = 0

    async def pause(self, why):
        pass

    async def reply(self, name, text, flags):
        pass

    def resume(self):
        pass

    def fresh(self):
        return self

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        pass

    def request(self):
        self.restarts += 1

    def info(self, who, text):
        pass

    error = info


class Firmware(Updater):
    """The updater with its collaborators, as after a start of the board."""

    def __init__(self, board, connector=None, **settings):
        board.attach()
        values = defaultdict(str, {"topic": "cam", "grouptopic": "cams", "subtopic": "#"})
        values.update(otaconfirm=0, mqttverify=0, **settings)
        topics, session, others = Topics(values, "DVES_A1B2C3"), Session(), Others()
        nvs, report = NVS("syscfg"), Report(session, topics, others)
        self.trial = Trial(
            flash,
            otadata,
            appslot,
            nvs,
            values,
            others,
            session,
            others,
            others,
            others,
            report,
            lambda: self.job,
        )
        super().__init__(
            values,
            topics,
            session,
            others,
            connector,
            others,
            flash,
            appslot,
            nvs,
            others,
            others,
            lambda text: None,
            report,
            self.trial,
            None,
        )

    def push(self, data, force=False):
        """Receive an update by MQTT; return the error, or ""."""
        assert self.cmd_mqttotastart("force" if force else "1") is None
        source = self._source
        finished(source.receive(data, False))
        return source.result

    @property
    def reason(self):
        """Why the last update has failed, as reported to the broker."""
        return json.loads(self._session.published[-1][1])["reason"]

    def pull(self, force=False):
        """Download an update; return the reply of the command."""
        reply = self.cmd_upgrade("force" if force else "1")
        finished(self._run_source())
        return reply


def finished(work):
    """Return the result of a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("the coroutine waits")
