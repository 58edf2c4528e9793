"""The simulated board for tests: started, talked to and ended from outside, by its public ways."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import types
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
TOPIC = "esp32-mqtt-cam"
_START_S = 30
_REPLY_S = 20
_LIMIT_S = 20  # generous: a limit only matters where what is waited for never comes


def wait_until(holds, limit_s=_LIMIT_S, what="", every_s=0.02):
    """Return what `holds()` returns once it is true; fail when it is not within `limit_s`."""
    deadline = time.monotonic() + limit_s
    while not (value := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_s} s: {what or holds}")
        time.sleep(every_s)
    return value


def starved_s(*pids):
    """Return how long this thread and the processes have waited for a core so far, in seconds."""
    total_ns = 0
    for each in ("thread-self", *pids):
        with contextlib.suppress(OSError):  # it has ended, or this kernel does not count
            total_ns += int(Path(f"/proc/{each}/schedstat").read_text().split()[1])
    return total_ns / 1e9


class Simulator:
    """One board, from start to stop; a context manager.

    folder: for its state, ready file and output. settings: {name: value} for --set. args: further
    options of the runner. broker: a URI (default: the embedded one).
    """

    def __init__(self, folder, broker=None, settings=None, args=(), fast=True):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state = self.folder / "state"
        self._ready_file = self.folder / "ready.json"
        self._output = self.folder / "output"
        self._line = [sys.executable, str(ROOT / "tools" / "sim" / "run.py"), "--quiet"]
        self._line += ["--state", str(self.state), "--ready-file", str(self._ready_file)]
        for name in ("http", "telnet", "dns", "control"):
            self._line += [f"--{name}-port", "0"]
        self._line += ["--fast"] * fast + (["--broker", broker] if broker else [])
        for name, value in (settings or {}).items():
            self._line += ["--set", f"{name}={value}"]
        self._line += args
        self._process = self._control = None

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
        """End the runner as a service manager does; returns its exit status."""
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
        """The ready file: ports, broker, pid of the interpreter, boots."""
        return json.loads(self._ready_file.read_text())

    @property
    def pid(self):
        """Of the interpreter."""
        return self.facts["pid"]

    @contextlib.contextmanager
    def stopwatch(self):
        """Take the block's time (`s`); waiting for a core of a busy PC does not count."""
        pids = (self._process.pid, self.pid)
        watch = types.SimpleNamespace(s=0)
        started = time.monotonic() - starved_s(*pids)
        yield watch
        watch.s = time.monotonic() - starved_s(*pids) - started

    @contextlib.contextmanager
    def within(self, limit_s):
        """Fail when the block takes longer, by the stopwatch."""
        with self.stopwatch() as took:
            yield
        assert took.s < limit_s, f"{took.s:.2f} s"

    def wait_boot(self, count, limit_s=_START_S):
        """Wait until the board serves after its `count`-th start (of this runner)."""

        def booted():
            if self._process.poll() is not None:
                raise AssertionError(f"the runner ended:\n{self.output[-2000:]}")
            return self._ready_file.exists() and self.facts["boots"] >= count

        wait_until(booted, limit_s, f"start {count} of the board:\n{self.output[-2000:]}")

    @property
    def output(self):
        """All that the UART has printed so far."""
        return self._output.read_text(errors="replace")

    def wait_output(self, text, limit_s=_LIMIT_S, since=0):
        """Wait until the output holds `text` behind the position `since`; returns its end."""

        def end():
            at = self.output.find(text, since)
            return at + len(text) if at >= 0 else 0

        return wait_until(end, limit_s, f"{text!r} in the output:\n{self.output[-2000:]}")

    def command(self, line):
        """Type a line at the UART; the value that it is answered with, or the complaint."""
        since = len(self.output)
        name = line.partition(" ")[0]
        self.type(line + "\n")
        reply = re.compile(rf"^(?:{name} = |(?={name}: ))(.*)\n", re.MULTILINE)
        found = wait_until(
            lambda: reply.search(self.output.replace("\r\n", "\n"), since),
            _REPLY_S,
            f"answer to {line!r}:\n{self.output[-2000:]}",
        )
        return found[1]

    def type(self, text):
        """Bytes for the UART, without waiting for an answer."""
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def status(self, kind=""):
        """What `status` says; kind as text, "" or "1" to "3"."""
        return self.command(f"status {kind}".strip())

    def heap_free(self):
        """Free bytes of the heap after a collection, as `status 2` tells."""
        return int(self.status("2").rpartition(", ")[2])

    def wait_status(self, text, limit_s=_LIMIT_S):
        """Wait until `status` holds `text`; returns it."""
        seen = []

        def shown():
            seen.append(self.status())
            return seen[-1] if text in seen[-1] else ""

        try:
            return wait_until(shown, limit_s, f"{text!r} in the status", every_s=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {seen[-1:]}") from None

    def skip_reconnect_delay(self):
        """After a lost link: let the session connect without the rest of its pause."""

        def state():
            return re.search("mqtt (connected|resting)", self.status())

        found = wait_until(state, what="a session that is up or resting", every_s=0.05)
        if found[1] == "resting":
            self.command(f"mqttkeepalive {100 + int(time.monotonic() * 10) % 100}")

    def control(self, do, **arguments):
        """Ask the laboratory; its answer as a dictionary."""
        if not self._control:
            made = socket.create_connection(("127.0.0.1", self.facts["control"]), 10)
            self._control = made.makefile("rw")
        self._control.write(json.dumps({"do": do, **arguments}) + "\n")
        self._control.flush()
        answer = json.loads(self._control.readline())
        assert answer.pop("ok"), answer
        return answer

    def power_cut(self):
        """Take the power away and give it back; returns when the board serves again."""
        boots = self.facts["boots"]
        self.control("power_cut")
        self.control("power_on")
        self.wait_boot(boots + 1)

    def kill_interpreter(self):
        """End the interpreter without a word (the runner starts it again after a moment)."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    @property
    def url(self):
        """Where the web server is."""
        return f"http://127.0.0.1:{self.facts['http']}"

    def get(self, path="/", method="GET", timeout=10):
        """One HTTP request on a connection of its own."""
        return httpx.request(method, self.url + path, timeout=timeout)
