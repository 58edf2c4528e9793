"""Console on the UART through a pseudo-terminal, as with mpremote."""

import os
import pty
import random
import re
import subprocess
import threading
import tty

import pytest
from probe import NO_BROKER
from sim import Simulator, wait_until
from telnet_client import TelnetClient

UP, DOWN = b"\x1b[A", b"\x1b[B"


class Terminal(Simulator):
    """Board with its UART on a pseudo-terminal in raw mode."""

    def start(self, ready=True):
        self._near, far = pty.openpty()
        tty.setraw(far)
        self._shown = bytearray()
        self._ready_file.unlink(missing_ok=True)
        self._process = subprocess.Popen(self._line, stdin=far, stdout=far, stderr=far)
        self._process.stdin = os.fdopen(os.dup(self._near), "wb", buffering=0)
        os.close(far)
        threading.Thread(target=self._read, daemon=True).start()
        self.wait_boot(1)
        return self

    def _read(self):
        try:
            while data := os.read(self._near, 4096):
                self._shown += data
        except OSError:  # the other end is closed
            os.close(self._near)

    @property
    def raw(self):
        """All bytes that the UART has printed."""
        return bytes(self._shown)

    @property
    def output(self):
        return self.raw.decode(errors="replace").replace("\r\n", "\n")

    def key(self, data):
        self._process.stdin.write(data)

    def wait_raw(self, data, since, limit_s=10):
        wait_until(
            lambda: data in self.raw[since:], limit_s, f"{data!r} in {self.raw[since:]!r}", 0.005
        )


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with Terminal(tmp_path_factory.mktemp("camera"), NO_BROKER, {"loglevel": "error"}) as made:
        yield made


def check(camera, keys, shown):
    """Press keys; wait for `shown` in the output after that."""
    since = len(camera.raw)
    camera.key(keys)
    camera.wait_raw(shown, since)


def test_echo(camera):
    check(camera, b"pul", b"pul")
    check(camera, b"se\r", b"se\r\npulse = 0\r\n")


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"], ids=["CR", "LF", "CRLF"])
def test_line_ends(camera, end):
    check(camera, b"pulse" + end + b"teleperiod" + end, b"teleperiod = 300\r\n")


@pytest.mark.parametrize("key", [b"\x08", b"\x7f"], ids=["BS", "DEL"])
def test_backspace(camera, key):
    check(camera, b"pulsx" + key, b"pulsx\b \b")
    check(camera, b"e\r", b"e\r\npulse = 0\r\n")
    check(camera, "täx".encode() + 3 * key + b"pulse\r", b"pulse\r\npulse = 0\r\n")


def test_ctrl_u(camera):
    check(camera, b"restart 1\x15pulse\r", b"pulse\r\npulse = 0\r\n")


def test_history(camera):
    check(camera, b"pulse\r", b"pulse = 0\r\n")
    check(camera, b"timer\r", b"timer = 0\r\n")
    check(camera, UP + UP + b"\r", b"pulse\r\npulse = 0\r\n")
    check(camera, UP + UP + DOWN + b"\r", b"pulse\r\npulse = 0\r\n")
    check(camera, UP + DOWN + b"teleperiod\r", b"teleperiod\r\nteleperiod = 300\r\n")


def test_other_keys_are_ignored(camera):
    keys = b"\x1b[C\x1b[D\x1b[3~\x1bOP\x1b[1;5C\t\x00\x04"
    check(camera, keys + b"pulse\r", b"pulse\r\npulse = 0\r\n")


def test_half_typed_line_is_shown_again_below_other_output(camera):
    check(camera, b"pul", b"pul")
    since = len(camera.raw)
    with TelnetClient.with_console(camera.facts["telnet"]) as telnet:
        telnet.run("timer", "timer = 0\n")
    camera.wait_raw(b"timer = 0\r\npul", since)
    check(camera, b"se\r", b"se\r\npulse = 0\r\n")


def test_long_line(camera):
    check(camera, b"z" * 300 + b"\r", b"the line is longer than 255 bytes\r\n")
    check(camera, b"pulse\r", b"pulse = 0\r\n")


def test_noise(camera):
    """100 KB of all bytes except Ctrl-C, with which MicroPython interrupts the program."""
    boots, free = camera.facts["boots"], camera.heap_free()
    noise = random.Random(3).randbytes(100_000).replace(b"\x03", b"")
    camera.key(noise + b"\r\r\x15")

    def answers():
        since = len(camera.raw)
        camera.key(b"pulse\r")
        try:
            camera.wait_raw(b"\r\npulse = 0\r\n", since, 1)
        except AssertionError:
            return False
        return True

    wait_until(answers, 30, "a reply after the noise")
    assert camera.facts["boots"] == boots
    assert camera.heap_free() > free - 4_096
    assert camera.get("/").status_code == 200


def test_same_command_on_two_consoles(camera):
    """Each console gets the reply to its own line."""
    with TelnetClient.with_console(camera.facts["telnet"]) as telnet:
        for count in range(1, 51):
            uart_start, telnet_start = len(camera.raw), len(telnet.text)
            telnet.send(b"pulse %d\r\n" % (100 + count))
            camera.key(b"pulse %d\r" % (200 + count))
            telnet.wait(f"pulse = {100 + count}\n", telnet_start)
            camera.wait_raw(b"pulse = %d\r\n" % (200 + count), uart_start)
            telnet.wait(f"pulse = {200 + count}\n", telnet_start)
        replies = re.findall(r"^pulse = (\d+)$", telnet.text, re.MULTILINE)
        assert len(replies) == 100
    assert camera.command("pulse 0") == "0"
