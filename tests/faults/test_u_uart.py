"""UART: noise with every control character, and a command that telnet executes too."""

import re

import pytest
from invariants import invariants
from rawhttp import use_pages
from sim import wait_until
from telnet_client import TelnetClient
from uart_terminal import Terminal

NO_BROKER = "mqtt://127.0.0.1:1"
CTRL_C, CTRL_D = b"\x03", b"\x04"
PIECE = 1_000
HISTORY = 8  # lines that the console keeps


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with Terminal(tmp_path_factory.mktemp("camera"), NO_BROKER, {"loglevel": "error"}) as made:
        use_pages(made)
        yield made


def test_u1_noise(camera, row):
    """Random bytes without a pause, with Ctrl-C and Ctrl-D, execute nothing and stop nothing."""
    boots = camera.facts["boots"]
    settings = camera.get("/api/settings").json()
    for count in range(HISTORY):  # which the noise replaces
        assert camera.answers(b"%0320d\r" % count, b": unknown; try help\r\n", 20)
    with invariants(camera, row):
        for _ in range(row.times(1_000, 20)):
            noise = row.chance.randbytes(PIECE - 8) + 4 * CTRL_C + 4 * CTRL_D
            camera.key(b"\x00" + noise)
            row.count(len(noise) + 1)
        camera.key(b"\x15\r")
        wait_until(camera.answers, 120, "a reply after the noise")
    assert camera.facts["boots"] == boots
    assert camera.get("/api/settings").json() == settings
    assert b">>>" not in camera.raw


def test_u2_same_command_on_two_consoles(camera, row):
    """Each console gets the reply to its own line, and both show both replies."""
    with TelnetClient.with_console(camera.facts["telnet"]) as telnet:
        before = len(telnet.text)
        for count in range(row.times(100, 20)):
            uart_start, telnet_start = len(camera.raw), len(telnet.text)
            with row.injection(count):
                telnet.send(b"pulse %d\r\n" % (1_000 + count))
                camera.key(b"pulse %d\r" % (2_000 + count))
                telnet.wait(f"pulse = {1_000 + count}\n", telnet_start)
                camera.wait_raw(b"pulse = %d\r\n" % (2_000 + count), uart_start)
                telnet.wait(f"pulse = {2_000 + count}\n", telnet_start)
                camera.wait_raw(b"pulse = %d\r\n" % (1_000 + count), uart_start)
        replies = re.findall(r"(?:^|\x1b\[K)pulse = (\d+)$", telnet.text[before:], re.MULTILINE)
        assert len(replies) == len(set(replies)) == 2 * row.injected
    assert camera.command("pulse 0") == "0"
