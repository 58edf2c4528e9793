"""The firmware's own updater on the simulated flash, all in this process: thousands of lives.

Its waits take no time here, and nothing in it runs at the same time as anything else.
"""

import asyncio
import functools
import importlib
import sys
import time
import types
from collections import defaultdict
from pathlib import Path

from errors import DeviceError
from flashed import Board as _Board
from nvs import NVS as _Store
from partitions import DATA

from aio import late

ROOT = Path(__file__).resolve().parents[2]


async def _sleep_ms(ms):
    pass


async def _wait_for_ms(work, ms):
    return await work


def _install():
    """Give this Python what MicroPython has, and the simulated chip's own module."""
    asyncio.sleep_ms = _sleep_ms
    asyncio.wait_for_ms = _wait_for_ms
    time.ticks_ms = lambda: int(time.monotonic() * 1000)
    time.ticks_diff = lambda a, b: a - b
    time.ticks_add = lambda a, b: a + b
    late.borrow = functools.cache(importlib.import_module)  # loading anew takes most of the time
    world = types.ModuleType("world")
    world.main = types.SimpleNamespace()
    sys.modules["world"] = world
    sys.path.append(str(ROOT / "tools" / "sim" / "board"))
    sys.path.append(str(ROOT))
    return world


WORLD = _install()

from aio.late import borrow  # noqa: E402, F401
from app.mqtt.topics import Topics  # noqa: E402
from app.ota.updater import Updater  # noqa: E402
from hal import appslot, flash, otadata  # noqa: E402
from hal.nvs import NVS  # noqa: E402


class Done(types.SimpleNamespace):
    """An event that has happened."""

    def is_set(self):
        return True

    def set(self):
        pass


class Board(_Board):
    """Flash, bootloader and NVS under the firmware's updater. `cells`: another board's."""

    def __init__(self, cells=None, seed=0):
        super().__init__(cells, seed)
        place = self.parts.first(DATA, label="nvs")
        self.nvs = _Store(self.flash, place.offset, place.size)
        self.calls |= self.parts.calls() | self.nvs.calls()

    def start(self):
        self.nvs.reset()
        return super().start()

    def attach(self):
        """Let the firmware's modules see this board."""
        WORLD.call = self._call
        WORLD.main.read_flash = self._read
        WORLD.main.write_flash = self.flash.write

    def _call(self, name, *args):
        try:
            return self.calls[name](*args)
        except DeviceError as error:
            raise {"OSError": OSError}[error.kind](*error.arguments) from None

    def _read(self, at, view):
        view[:] = self.flash.read(at, len(view))


class Session:
    """Keeps what is published; `up` always."""

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
    """Camera, log, restart, door: all that an update asks for and that does not matter here."""

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

    def ask(self):
        self.restarts += 1

    def info(self, who, text):
        pass

    error = info


class Firmware(Updater):
    """What runs after a start of the board."""

    def __init__(self, board, dialler=None, **settings):
        board.attach()
        values = defaultdict(str, {"topic": "cam", "grouptopic": "cams", "subtopic": "#"})
        values.update(otaconfirm=0, mqttverify=0, **settings)
        others = Others()
        known = types.SimpleNamespace(
            settings=values,
            session=Session(),
            topics=Topics(values, "DVES_A1B2C3"),
            wifi=others,
            frames=others,
            log=others,
        )
        nvs = NVS("syscfg")
        super().__init__(
            known,
            lambda: flash,
            lambda: otadata,
            lambda: appslot,
            nvs,
            others,
            others,
            lambda text: None,
            dialler,
        )
        self.pending = otadata.unconfirmed()


def finished(work):
    """What a coroutine returns that never has to wait."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")
