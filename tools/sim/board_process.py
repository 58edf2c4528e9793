"""Power supply and reset: runs the interpreter as a child process."""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from pathlib import Path

from errors import PowerFailure
from link import Link

PWRON, HARD, WDT, DEEPSLEEP, SOFT = range(1, 6)
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # loaded before any fork; a forked child must not load libraries
_CRASH_PAUSE_S = 1
_BOOT_WATCHDOG_MS = 9_000  # guards the start of the application
_FAULTY = {"crash": ["false"], "hang": ["sleep", "infinity"]}  # run instead of the interpreter


class BoardProcess:
    """Starts, resets and stops the interpreter; resets the connected parts with it.

    Every start except after a soft reset goes through the bootloader.
    """

    def __init__(
        self,
        command,
        environment,
        folder,
        bootloader,
        sleep,
        fast,
        receiver,
        inherited=(),
        stdout=None,
    ):
        self._command = command
        self._environment = environment
        self._folder = folder
        self._receiver = receiver
        self._inherited = inherited  # descriptors for the interpreter, besides its links
        self._stdout = stdout
        self._raw_repl = False  # mode of the REPL; a soft reset keeps it
        self._bootloader = bootloader
        self._sleep = sleep
        self._boot_watchdog_ms = _BOOT_WATCHDOG_MS // (30 if fast else 1)
        self._parts = []
        self._calls = {}
        self._quick = {}
        self._process = None
        self._cause = PWRON
        self._next_cause = None
        self._losing = ()  # parts whose state a power cut ends
        self._powered = asyncio.Event()
        self._powered.set()
        self._watchdog = None
        self._watchdog_ms = None
        self.boots = 0
        self.exited = asyncio.get_running_loop().create_future()  # status of a --run program

    def connect(self, parts, losing, calls, quick):
        """Set the parts to `reset()` with the board, and the handlers of the firmware's calls.

        losing: the parts that a power cut resets, by `power_on()`.
        """
        self._parts = parts
        self._losing = losing
        self._calls = calls
        self._quick = quick

    @property
    def pid(self):
        return self._process.pid if self._process else None

    def starved_s(self):
        """Return the seconds for which interpreter and runner have waited for a core."""
        total_ns = 0
        for each in ("self", self.pid):
            with contextlib.suppress(OSError):  # no such process, or no schedstat in this kernel
                total_ns += _waited_ns(each)
        return total_ns / 1e9

    async def run(self):
        """Run the interpreter, and restart it whenever it ends, while the power is on."""
        while True:
            await self._powered.wait()
            behaviour = self._boot()
            if not behaviour:
                await asyncio.sleep(_CRASH_PAUSE_S if self._powered.is_set() else 0)
                continue
            self._process = await self._start(_FAULTY.get(behaviour, self._command))
            if behaviour == "hang":
                self._arm(self._boot_watchdog_ms)
            status = await self._process.wait()
            self._receiver.detach()
            if self._next_cause != SOFT:  # the watchdog keeps running over a soft reset
                self._disarm()
            for part in self._parts:
                part.reset()
            if self._next_cause is None and self._powered.is_set():
                print(f"board: the interpreter ended with status {status}", file=sys.stderr)
                await asyncio.sleep(_CRASH_PAUSE_S)
            self._cause = self._next_cause or HARD
            self._raw_repl = self._raw_repl and self._cause == SOFT
            self._next_cause = None
            if self._cause == DEEPSLEEP:
                await self._sleep.last()
                self._cause, self._next_cause = self._next_cause or DEEPSLEEP, None

    def _boot(self):
        """Return the behaviour of the image that the bootloader starts, or None."""
        if self._cause == SOFT:
            return self._bootloader.image.behaviour
        try:
            image = self._bootloader.start()
        except PowerFailure:
            self._cause, self._next_cause = PWRON, None
            return None
        if not image:
            print("E boot: No bootable app partitions in the partition table", file=sys.stderr)
        return image and image.behaviour

    async def _start(self, command):
        """Start the interpreter with two links and an open stdin."""
        loop = asyncio.get_running_loop()
        pairs = [socket.socketpair() for _ in range(2)]
        far = [pair[1] for pair in pairs]
        fds = [sock.fileno() for sock in far]
        self.boots += 1
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self._folder,
            env={**self._environment, "SIM_LINK": ",".join(map(str, fds))},
            stdin=asyncio.subprocess.PIPE,
            stdout=self._stdout,
            pass_fds=(*fds, *self._inherited),
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        # attach before the links can deliver requests: `uart.interrupt` is among the first
        self._receiver.attach(process, [near for near, _ in pairs])
        for near, other in pairs:
            other.close()
            near.setblocking(False)
            await loop.create_connection(lambda: Link(self._calls, self._quick), sock=near)
        return process

    def _kill(self):
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def count_sockets(self):
        """Return the number of open sockets of the firmware, without the two links."""
        return len(self.sockets()) - 2

    def sockets(self):
        """Return {descriptor: identity} of the interpreter's open sockets."""
        found = {}
        for entry in Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                identity = os.readlink(entry)
                if int(entry.name) > 2 and identity.startswith("socket:"):
                    found[int(entry.name)] = identity
        return found

    # Calls from the firmware

    def calls(self):
        return {
            "board.reset": self.reset,
            "board.soft_reset": self.soft_reset,
            "board.raw_repl": lambda: self._raw_repl,
            "board.exit": self.exit,
            "board.deepsleep": self.deepsleep,
            "chip.reset_cause": lambda: self._cause,
            "chip.wake_reason": lambda: self._sleep.reason if self._cause == DEEPSLEEP else 0,
            "wdt.start": self._arm,
        }

    def reset(self, cause=HARD):
        """Kill the interpreter; it restarts immediately."""
        self._next_cause = cause
        self._kill()
        self._sleep.interrupt()

    def deepsleep(self, ms):
        """Kill the interpreter; it restarts when the sleep ends."""
        self._sleep.begin(ms)
        self.reset(DEEPSLEEP)

    def soft_reset(self, raw_repl):
        """Restart the interpreter only; its REPL keeps its mode."""
        self._raw_repl = raw_repl
        self.reset(SOFT)

    def exit(self, status):
        if not self.exited.done():
            self.exited.set_result(status)

    def _arm(self, timeout_ms):
        self._disarm()
        self._watchdog_ms = timeout_ms
        self.feed()

    def feed(self, *_):
        if self._watchdog_ms:
            if self._watchdog:
                self._watchdog.cancel()
            loop = asyncio.get_running_loop()
            self._watchdog = loop.call_later(self._watchdog_ms / 1000, self._expire)
        return 0

    def _expire(self):
        print("E task_wdt: Task watchdog got triggered: mpy_machine_wdt", file=sys.stderr)
        self.reset(WDT)

    def _disarm(self):
        if self._watchdog:
            self._watchdog.cancel()
        self._watchdog = self._watchdog_ms = None

    # Control requests

    def controls(self):
        return {
            "reset": lambda: self.reset(HARD),
            "power_on": self.power_on,
            "sockets": lambda: {"open": self.count_sockets()},
        }

    def cut_power(self):
        """Switch the power off until `power_on`; the clock loses its time."""
        self._powered.clear()
        self._next_cause = PWRON
        for part in self._losing:
            part.power_on()
        self._kill()
        self._sleep.interrupt()

    def power_on(self):
        self._powered.set()

    async def close(self):
        self._powered.clear()
        self._kill()
        if self._process:
            await self._process.wait()


def _die_with_parent():
    """Have the kernel kill the interpreter if the runner dies."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _waited_ns(process):
    """Return for how long a process has waited for a core; the button's reads ask it often."""
    schedstat = os.open(f"/proc/{process}/schedstat", os.O_RDONLY)
    try:
        return int(os.read(schedstat, 100).split()[1])
    finally:
        os.close(schedstat)
