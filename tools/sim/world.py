"""Environment of the interpreter: power supply, network, camera and control port."""

import asyncio
import fcntl
import os
from pathlib import Path

import firmware
import firstflash
import partitions
from air import Air
from board_process import BoardProcess
from boardfiles import BoardFiles
from bootloader import Bootloader
from broker import EmbeddedBroker
from camera_faults import Faults
from clock import Clock
from control import Control
from errors import UsageError
from flashchip import Flash
from happenings import Happenings
from idfmemory import IDFMemory
from nvs import NVS
from pins import Pins
from ready import ReadyFile
from scene_process import SceneProcess
from sensor import Sensor
from settings import Settings
from sntp import SNTPServer
from terminal import Terminal
from uart import Receiver, forward_stdin
from wifi import Radio

# operation numbers of the link's hot paths, as in board/world.py
PIN_GET, PIN_SET, WDT_FEED, FRAME_AVAILABLE, FRAME_CAPTURE = range(1, 6)
FLASH_WRITE, FRAME_COPY = range(6, 8)
_ESPRESSIF = b"$\n\xc4"


class World:
    """All parts of the simulation: `open`, `power_on`, then `close`."""

    def __init__(self, args):
        self.args = args
        self.state = Path(args.state).resolve()
        self.state.mkdir(parents=True, exist_ok=True)
        self._lock = _lock_file(self.state / "lock")
        mac = _ESPRESSIF + bytes.fromhex(args.device_id[5:])
        counter = os.memfd_create("reads")
        self.flash = Flash(self.state / "flash.bin", args.fast, counter=counter)
        self.partitions = partitions.Partitions(self.flash)
        self.bootloader = Bootloader(self.flash, self.partitions)
        self.clock = Clock(self.state / "clock")
        self.pins = Pins()
        self.radio = Radio(mac, args.fast)
        self.sntp = SNTPServer(args.sntp)
        self.air = Air(self.sntp)
        self.scenes = SceneProcess()
        self.faults = Faults()
        self.happenings = Happenings(self.scenes.render, self.pins)
        self.sensor = Sensor(
            self.happenings.render, self.faults, self.pins, args.fast, args.sensor
        )
        self.memory = IDFMemory(args.psram != "none")
        command, environment = firmware.command(
            args, self.flash.path, counter, self.state / "clock"
        )
        image = ("", "") if args.blank else (firmware.version(command[0]),)
        firstflash.write(self.flash, self.partitions, args.partitions, *image)
        place = self.partitions.first(partitions.DATA, partitions.NVS)
        if not place:
            raise UsageError(
                f"{self.state}/flash.bin has no nvs partition; delete it to create a new one"
            )
        self.nvs = NVS(self.flash, place.offset, place.size)
        self.files = BoardFiles(self.flash, self.partitions)
        self.files.adopt(self.state / "files")
        self.terminal = Terminal() if args.uart == "pty" else None
        self.receiver = Receiver()
        self.board = BoardProcess(
            command,
            environment,
            self.state,
            self.clock,
            self.bootloader,
            args.fast,
            self.receiver,
            (counter,),
            self.terminal and self.terminal.stdout,
        )
        self.broker = None if args.broker or args.run else EmbeddedBroker()
        self._tasks = []
        self._connect(mac)

    def _connect(self, mac):
        """Connect the parts: handlers of calls and control requests, and listeners."""
        parts = (self.board, self.nvs, self.clock, self.pins, self.radio, self.air, self.sensor)
        calls = {"chip.id": mac.hex}
        for part in (*parts, self.memory, self.receiver, self.partitions, self.bootloader):
            calls.update(part.calls())
        quick = {
            PIN_GET: self.pins.read,
            PIN_SET: self.pins.drive,
            WDT_FEED: self.board.feed,
            FRAME_AVAILABLE: self.sensor.frame_available,
            FRAME_CAPTURE: self.sensor.capture,
            FLASH_WRITE: self.partitions.write,
            FRAME_COPY: self.sensor.capture_copy,
        }
        reset = (self.nvs, self.pins, self.radio, self.air, self.sensor, self.memory)
        self.board.connect(reset, calls, quick)
        self.flash.connect(self.board.cut_power)
        self.radio.on_link(self.air.link)
        self.air.count_sockets = self.board.count_sockets
        self.pins.starved_s = self.board.starved_s
        self.memory.sockets = self.board.sockets
        self.actions = {"flash": self._report_flash}
        self.air.has_address = self.radio.has_address
        others = (self.air.pace, self.memory, self.flash, self.sntp, self.faults, self.happenings)
        for part in (*parts, *others):
            self.actions.update(getattr(part, "controls", dict)())

    def _report_flash(self, **changes):
        return {**self.flash.report(**changes), **self.bootloader.report()}

    async def open(self):
        """Open all ports and write the settings; return the contents of the ready file."""
        args = self.args
        public = {
            80: ("http", args.http_port),
            23: ("telnet", args.telnet_port),
            53: ("dns", args.dns_port),
            554: ("rtsp", args.rtsp_port),
        }
        ports = await self.air.open(public)
        control = await Control(self.actions).open(args.control_port or 0)
        await self.sntp.open()
        broker = args.broker
        if self.broker:
            await self.broker.open()
            broker = f"mqtt://127.0.0.1:{self.broker.port}"
        if not args.run:
            settings = Settings(self.nvs, self.files, self.state)
            await settings.write(args.set, broker, bool(args.broker), args.ap)
        facts = {
            "http": ports[80],
            "telnet": ports[23],
            "dns": ports[53],
            "rtsp": ports[554],
            "control": control,
            "mqtt": broker,
            "device_id": args.device_id,
        }
        return {**facts, "uart": self.terminal.path} if self.terminal else facts

    def power_on(self, facts):
        """Start the board; return a future of the exit status of its program (`--run`)."""
        if self.args.ready_file:
            args = self.args
            ready = ReadyFile(args.ready_file, self.air, self.board, facts, args.blank)
            self._run_task(ready.run())
        self._run_task(self.receiver.run())
        if self.terminal:
            self._run_task(self.terminal.run(self.receiver.type))
        else:
            self._run_task(forward_stdin(self.receiver.type))
        self._run_task(self.board.run())
        return self.board.exited

    def _run_task(self, coroutine):
        """Run a task until `close`; an exception is a bug and ends the runner with a traceback."""
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
        if self.terminal:
            self.terminal.close()
        await self.scenes.close()
        if self.broker:
            await self.broker.close()


def _lock_file(path):
    """Return the locked file that keeps a second runner off the same state."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = (
            "{} is in use: another `make run` is running. Stop it, or choose another --state DIR"
        )
        raise UsageError(text.format(path.parent)) from None
    return file
