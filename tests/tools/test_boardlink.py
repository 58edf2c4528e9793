"""tools/boardlink.py: error messages for boards that do not respond as expected."""

import os
import pty
import threading
import tty

import boardlink
import pytest
from boardlink import Board, BoardError, LinkError
from mpremote import transport_serial


class Port:
    """Pseudo-terminal that responds to every Ctrl-A with the same bytes; a context manager."""

    def __init__(self, response):
        self._near, self._far = pty.openpty()
        tty.setraw(self._near)
        tty.setraw(self._far)
        self.path = os.ttyname(self._far)
        self._response = response
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def _run(self):
        while b"end" not in (data := os.read(self._near, 100)):
            if b"\x01" in data:
                os.write(self._near, self._response)

    def __exit__(self, *_):
        os.write(self._far, b"end")
        self._thread.join(10)
        os.close(self._near)
        os.close(self._far)


@pytest.fixture(autouse=True)
def short_timeouts(monkeypatch):
    monkeypatch.setattr(boardlink, "_TRIES", 1)
    monkeypatch.setattr(boardlink, "_PROMPT_S", 0.1)
    monkeypatch.setattr(boardlink, "_SILENCE_S", 0.1)


@pytest.mark.parametrize(
    ("heard", "advice"),
    [
        (b"", "The board sent nothing. Is it the right port"),
        (b"rst:0x1 (POWERON_RESET)\r\nwaiting for download\r\n", "remove the wire between IO0"),
        (b"invalid header: 0xffffffff\r\n", "flash MicroPython first"),
        (b"Brownout detector was triggered\r\n", "power it from 5 V"),
        (b"login: ", "The board sent: b'login: '"),
    ],
)
def test_no_prompt(heard, advice):
    with Port(heard) as port, Board(port.path) as board:
        with pytest.raises(BoardError, match=f"(?s)no MicroPython prompt.*{advice}"):
            board.interrupt()


def test_prompt_that_does_not_restart():
    with Port(b"raw REPL; CTRL-B to exit\r\n>") as port, Board(port.path) as board:
        with pytest.raises(BoardError, match="did not restart its interpreter"):
            board.interrupt()


@pytest.mark.parametrize(
    ("facts", "complaint"),
    [
        ('{"version": [1, 25, 0], "esp32": false, "machine": "RP2"}', "not an ESP32 but RP2"),
        ("~~noise", "cannot be read"),
    ],
)
def test_facts(monkeypatch, facts, complaint):
    monkeypatch.setattr(Board, "do", lambda self, code: facts)
    with Port(b"") as port, Board(port.path) as board:
        with pytest.raises(BoardError, match=complaint):
            board.facts()


class SlowPort:
    """Serial port that delivers one byte at each of the given seconds of a simulated clock."""

    def __init__(self, *times):
        self._times = list(times)
        self.now = 0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds

    def inWaiting(self):
        return sum(at <= self.now for at in self._times)

    def read(self, count):
        self._times.pop(0)
        return b"." if self._times else b"\x04"


@pytest.mark.parametrize(
    ("times", "received", "ends"),
    [
        ((29, 58, 87, 116), b"...\x04", 116),  # each time busy, with the flash for example
        ((29, 60, 61), b".", 59),
    ],
)
def test_waits_as_long_as_the_board_is_not_silent(monkeypatch, times, received, ends):
    monkeypatch.setattr(boardlink, "_SILENCE_S", 30)
    board, port = Board.__new__(Board), SlowPort(*times)
    board.serial, board.is_pty = port, False
    monkeypatch.setattr(transport_serial, "time", port)
    assert board.read_until(1, b"\x04") == received
    assert ends <= port.now < ends + 0.1


def test_a_silent_board_is_named(monkeypatch):
    with Port(b"raw REPL; CTRL-B to exit\r\n>") as port, Board(port.path) as board:
        with pytest.raises(LinkError, match="the board did not answer as expected within 0.1 s"):
            board.do("1")


def test_unknown_port():
    with pytest.raises(BoardError, match="/dev/nothing cannot be opened: .*No such file"):
        Board("/dev/nothing")
    with pytest.raises(BoardError, match="socket://127.0.0.1:1 cannot be opened"):
        Board("socket://127.0.0.1:1")
    with pytest.raises(BoardError, match="cannot be opened"):
        Board("nonsense://x")
