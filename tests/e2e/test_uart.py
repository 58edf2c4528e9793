"""Console on the UART: keys, line ends, editing and history."""

import pytest
from probe import NO_BROKER
from telnet_client import TelnetClient
from uart_terminal import Terminal

UP, DOWN = b"\x1b[A", b"\x1b[B"


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
    check(camera, b"z" * 400 + b"\r", b"the line is longer than 320 bytes\r\n")
    check(camera, b"pulse\r", b"pulse = 0\r\n")
