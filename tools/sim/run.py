"""Runs the camera's firmware on a simulated ESP32-CAM: see `--help`.

This is the power supply, the air and the laboratory round the interpreter; it holds the whole
state of the world and composes it from the other files of this folder. The firmware's side of each
simulated module is in `board/`.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

import firmware
import options
from air import Air
from board_process import BoardProcess
from broker import EmbeddedBroker
from camera_faults import Faults
from clock import Clock
from control import Control
from errors import UsageError
from flash import Flash
from nvs import NVS
from pins import Pins
from ready import ReadyFile
from scene_process import SceneProcess
from sensor import Sensor
from settings import Settings
from sntp import SNTPServer
from tls import TLSMemory
from uart import forward_stdin
from wifi import Radio

PIN_GET, PIN_SET, WDT_FEED, FRAME_AVAILABLE, FRAME_CAPTURE = range(1, 6)
_ESPRESSIF = b"$\n\xc4"


class World:
    """Everything there is: made in the constructor, started by `run()`, ended by `close()`."""

    def __init__(self, args):
        self.args = args
        self.state = Path(args.state).resolve()
        self.files = self.state / "files"
        self.files.mkdir(parents=True, exist_ok=True)
        mac = _ESPRESSIF + bytes.fromhex(args.device_id[5:])
        self.flash = Flash()
        self.nvs = NVS(self.state / "nvs.json", self.flash)
        self.clock = Clock(self.state / "clock")
        self.pins = Pins()
        self.radio = Radio(mac, args.fast)
        self.sntp = SNTPServer(args.sntp)
        self.air = Air(self.sntp)
        self.scenes = SceneProcess()
        self.faults = Faults()
        self.sensor = Sensor(self.scenes.render, self.faults, self.pins, args.fast)
        self.tls = TLSMemory()
        command, environment = firmware.command(args, self.state / "clock")
        self.board = BoardProcess(command, environment, self.files, self.clock)
        self.broker = None if args.broker or args.run else EmbeddedBroker()
        self._tasks = []
        self._connect(mac)

    def _connect(self, mac):
        """Tie the parts together: who answers which call, who hears of what."""
        parts = (self.board, self.nvs, self.clock, self.pins, self.radio, self.air, self.sensor)
        calls = {"chip.id": mac.hex}
        for part in (*parts, self.tls):
            calls.update(part.calls())
        quick = {
            PIN_GET: lambda pin, _: self.pins.level(pin),
            PIN_SET: self.pins.drive,
            WDT_FEED: self.board.feed,
            FRAME_AVAILABLE: self.sensor.frame_available,
            FRAME_CAPTURE: self.sensor.capture,
        }
        self.board.connect((self.nvs, self.pins, self.radio, self.air, self.sensor), calls, quick)
        self.flash.connect(self.board.cut_power)
        self.radio.on_link(self.air.link)
        self.air.count_sockets = self.board.count_sockets
        self.actions = {}
        for part in (*parts, self.air.pace, self.tls, self.flash, self.sntp, self.faults):
            self.actions.update(getattr(part, "controls", dict)())

    async def run(self):
        """Start everything; returns the exit status when a signal or the program ends it."""
        args = self.args
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        ports = await self.air.open(
            {
                80: ("--http-port", args.http_port),
                23: ("--telnet-port", args.telnet_port),
                53: ("--dns-port", args.dns_port),
            }
        )
        control = await Control(self.actions).open(args.control_port)
        await self.sntp.open()
        await self.scenes.open()
        uri = args.broker
        if self.broker:
            await self.broker.open()
            uri = f"mqtt://127.0.0.1:{self.broker.port}"
        if not args.run:
            settings = Settings(self.nvs, self.files, self.state)
            settings.write(args.set, uri, bool(args.broker), args.ap)
        facts = {
            "http": ports[80],
            "telnet": ports[23],
            "dns": ports[53],
            "control": control,
            "mqtt": uri,
            "device_id": args.device_id,
        }
        if not (args.quiet or args.run):
            firmware.say_where_to_look(facts, dict(args.set).get("topic", "esp32-mqtt-cam"))
        if args.ready_file:
            ready = ReadyFile(args.ready_file, self.air, self.board, lambda: facts)
            self._keep(ready.run())
        self._keep(forward_stdin(self.board.type))
        self._keep(self.board.run())
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait([stopped, self.board.exited], return_when=asyncio.FIRST_COMPLETED)
        return self.board.exited.result() if self.board.exited.done() else 0

    def _keep(self, coroutine):
        """Run for ever; a failure, which is our bug, ends the runner with a traceback."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.append(task)
        task.add_done_callback(lambda task: task.cancelled() or self._failed(task))

    def _failed(self, task):
        if task.exception() and not self.board.exited.done():
            self.board.exited.set_exception(task.exception())

    async def close(self):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.board.close()
        await self.scenes.close()
        if self.broker:
            await self.broker.close()


async def _main(args):
    world = World(args)
    try:
        return await world.run()
    finally:
        await world.close()


def main():
    args = options.parse()
    try:
        status = asyncio.run(_main(args))
    except UsageError as exc:
        print(f"run.py: {exc}", file=sys.stderr)
        status = 2
    sys.stdout.flush()
    os._exit(status)  # a thread may still be reading the keyboard


if __name__ == "__main__":
    main()
