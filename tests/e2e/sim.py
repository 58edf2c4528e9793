"""The simulated board as a subprocess, controlled through its public interfaces."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import httpx
import interpreter32
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools" / "sim"))

from boardfiles import BoardFiles  # noqa: E402 - needs the path set above

TOPIC = "esp32-mqtt-cam"
_START_S = 30
_REPLY_S = 20
_LIMIT_S = 20  # generous because only a failing test waits that long


def wait_until(condition, limit_s=_LIMIT_S, what="", every_s=0.02):
    """Poll `condition()` until it is true and return its value; fail after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_s} s: {what or condition}")
        time.sleep(every_s)
    return value


def need_32_bits():
    """Skip the test if this machine has no interpreter for a board without PSRAM."""
    try:
        interpreter32.fetch()
    except interpreter32.Unavailable as error:
        pytest.skip(str(error))


def starved_s(*pids):
    """Return the seconds that this thread and the processes have waited for a CPU core."""
    total_ns = 0
    for each in ("thread-self", *pids):
        with contextlib.suppress(OSError):  # process ended, or no schedstat in this kernel
            total_ns += int(Path(f"/proc/{each}/schedstat").read_text().split()[1])
    return total_ns / 1e9


class Simulator:
    """One simulated board; a context manager.

    folder: for the board's state, ready file and output. broker: a URI (default: the embedded
    broker). settings: {name: value} for --set. args: further options of the runner. fast: run
    without the hardware's delays.
    """

    def __init__(self, folder, broker=None, settings=None, args=(), fast=True):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state = self.folder / "state"
        self._ready_file = self.folder / "ready.json"
        self._output = self.folder / "output"
        self._line = [sys.executable, str(ROOT / "tools" / "sim" / "run.py"), "--quiet"]
        self._line += ["--state", str(self.state), "--ready-file", str(self._ready_file)]
        for name in ("http", "telnet", "dns", "rtsp", "control"):
            self._line += [f"--{name}-port", "0"]
        self._line += ["--fast"] * fast + (["--broker", broker] if broker else [])
        for name, value in (settings or {}).items():
            self._line += ["--set", f"{name}={value}"]
        self._line += args
        self._process = self._control = None
        self._control_turn = threading.Lock()  # of the threads of a test

    def start(self, ready=True):
        """Start the runner and wait until the camera serves (unless `ready` is false)."""
        self._ready_file.unlink(missing_ok=True)
        with open(self._output, "ab") as output:
            self._process = subprocess.Popen(
                self._line, stdin=subprocess.PIPE, stdout=output, stderr=output
            )
        if ready:
            try:
                self.wait_boot(1)
            except BaseException:
                self.stop()
                raise
        return self

    def stop(self, limit_s=5):
        """Stop the runner with SIGTERM, as a service manager does; return its exit status."""
        if self._control:
            self._control.close()
            self._control = None
        if not self._process:
            return None
        process, self._process = self._process, None
        process.stdin.close()
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def facts(self):
        """Content of the ready file: ports, broker, PID of the interpreter, boots."""
        return json.loads(self._ready_file.read_text())

    @property
    def files(self):
        """The board's file system (BoardFiles); it can be changed while the board is off."""
        return BoardFiles.of(self.state)

    @property
    def pid(self):
        """PID of the interpreter."""
        return self.facts["pid"]

    @contextlib.contextmanager
    def stopwatch(self):
        """Measure the block's time (`s`, in seconds) without the waits for a CPU core."""
        pids = (self._process.pid, self.pid)
        watch = types.SimpleNamespace(s=0)
        started = time.monotonic() - starved_s(*pids)
        yield watch
        watch.s = time.monotonic() - starved_s(*pids) - started

    @contextlib.contextmanager
    def within(self, limit_s):
        """Fail if the block takes longer than `limit_s` by the stopwatch."""
        with self.stopwatch() as took:
            yield
        assert took.s < limit_s, f"{took.s:.2f} s"

    def wait_boot(self, count, limit_s=_START_S):
        """Wait until the board serves after its `count`-th start since start()."""

        def booted():
            if self._process.poll() is not None:
                raise AssertionError(f"the runner ended:\n{self.output[-2000:]}")
            return self._ready_file.exists() and self.facts["boots"] >= count

        wait_until(booted, limit_s, f"start {count} of the board:\n{self.output[-2000:]}")

    @property
    def output(self):
        """The UART's output so far."""
        return self._output.read_text(errors="replace")

    def wait_output(self, text, limit_s=_LIMIT_S, since=0):
        """Wait for `text` in the output after position `since`; return the position of its end."""

        def end():
            at = self.output.find(text, since)
            return at + len(text) if at >= 0 else 0

        return wait_until(end, limit_s, f"{text!r} in the output:\n{self.output[-2000:]}")

    def command(self, line):
        """Type a line at the UART and return the value or the error message in the reply."""
        since = len(self.output)
        name = line.partition(" ")[0]
        self.type(line + "\n")
        reply = re.compile(rf"^(?:{name} = |(?={name}: ))(.*)\n", re.MULTILINE)
        found = wait_until(
            lambda: reply.search(self.output.replace("\r\n", "\n"), since),
            _REPLY_S,
            f"reply to {line!r}:\n{self.output[-2000:]}",
        )
        return found[1]

    def type(self, text):
        """Type text or bytes at the UART without waiting for a reply."""
        self._process.stdin.write(text.encode() if isinstance(text, str) else text)
        self._process.stdin.flush()

    def status(self, kind=""):
        """Return the reply to `status`; kind: "" or "1" to "3"."""
        return self.command(f"status {kind}".strip())

    def heap_free(self):
        """Return the free heap after a collection, in bytes, from `status 2`."""
        return int(self.status("2").split(", ")[3])

    def wait_status(self, text, limit_s=_LIMIT_S):
        """Wait until `status` contains `text` and return the status."""
        seen = []

        def shown():
            seen.append(self.status())
            return seen[-1] if text in seen[-1] else ""

        try:
            return wait_until(shown, limit_s, f"{text!r} in the status", every_s=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}; last status: {seen[-1:]}") from None

    def skip_reconnect_delay(self):
        """Make the MQTT session reconnect at once after a lost link."""

        def state():
            return re.search("mqtt (connected|waiting)", self.status())

        found = wait_until(state, what="a session that is up or waiting", every_s=0.05)
        if found[1] == "waiting":
            self.command(f"mqttkeepalive {100 + int(time.monotonic() * 10) % 100}")

    def control(self, do, **arguments):
        """Send a request to the control port and return the response as a dictionary."""
        with self._control_turn:
            if not self._control:
                sock = socket.create_connection(("127.0.0.1", self.facts["control"]), 10)
                self._control = sock.makefile("rw")
            self._control.write(json.dumps({"do": do, **arguments}) + "\n")
            self._control.flush()
            response = json.loads(self._control.readline())
        assert response.pop("ok"), response
        return response

    def power_cut(self):
        """Switch the power off and on; return when the board serves again."""
        boots = self.facts["boots"]
        self.control("power_cut")
        self.control("power_on")
        self.wait_boot(boots + 1)

    def kill_interpreter(self):
        """Kill the interpreter; the runner restarts it after a short delay."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    @property
    def url(self):
        """Base URL of the web server."""
        return f"http://127.0.0.1:{self.facts['http']}"

    def get(self, path="/", method="GET", timeout=10):
        """Send one HTTP request on its own connection and return the response."""
        return httpx.request(method, self.url + path, timeout=timeout, trust_env=False)
