"""Link from the PC to the MicroPython prompt of a board.

A port is anything that pyserial opens: /dev/ttyUSB0, COM3, a pseudo-terminal, socket://host:port,
rfc2217://host:port. mpremote's transport speaks the protocol.
"""

import ast
import base64
import json
import re
import struct
import time
from pathlib import Path

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport
from platforms import no_esp32

ROOT = Path(__file__).resolve().parent.parent
ONBOARD = ROOT / "tools" / "onboard"
PORT_HELP = (
    "the board's port: /dev/ttyUSB0, /dev/cu.usbserial-1, COM3, socket://host:port, "
    "rfc2217://host:port"
)
_SILENCE_S = 30  # a board may erase flash or collect garbage meanwhile
_TRIES, _PROMPT_S = 8, 2  # the camera may block for some seconds
_CHUNK = 1_536  # bytes of a file per line of code, which is 2 KB long on the board
_RAW = b"raw REPL; CTRL-B to exit\r\n"
_BROKEN = (OSError, TransportError, struct.error, ValueError)


class BoardError(Exception):
    """Failure of the board or its link; the text is for people and says what to do."""


class LinkError(BoardError):
    """Failure of the link alone; what was sent last can be sent again after `Board.resume`."""


class Board(SerialTransport):
    """Board at its prompt; a context manager that closes the port."""

    def __init__(self, port, baudrate=115_200):
        self.device_name = port
        self.in_raw_repl = self.mounted = False
        self.use_raw_paste = True
        self.is_pty = self._is_pty_device(port)
        try:
            self.serial = serial.serial_for_url(
                port, do_not_open=True, baudrate=baudrate, timeout=_SILENCE_S, exclusive=True
            )
            # while these are set, the adapter of an ESP32-CAM holds the chip in reset
            self.serial.dtr = self.serial.rts = False
            self.serial.open()
        except (OSError, ValueError) as exc:
            raise BoardError(f"{port} cannot be opened: {_reason(exc)}\n{_ports()}") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.close()
        except OSError:  # unplugged
            pass

    def interrupt(self):
        """Stop the running program and restart the interpreter, without main.py, at its prompt."""
        self._find_prompt()
        try:
            self.serial.write(b"\x04")
            output = self.read_until(1, b"soft reboot\r\n")
            output += self.read_until(1, _RAW)
        except _BROKEN as exc:
            raise self._broken(exc) from None
        if not output.endswith(_RAW):
            raise BoardError(f"the board did not restart its interpreter: {output[-200:]!r}")
        self.in_raw_repl = True

    def resume(self):
        """Return to the prompt after a LinkError; what was loaded stays."""
        self._find_prompt()
        try:
            self.serial.write(b"\x01")
            self.read_until(1, _RAW)  # the `>` that follows is for the next command
        except _BROKEN as exc:
            raise self._broken(exc) from None

    def _find_prompt(self):
        """Stop the running program and enter the raw REPL; BoardError."""
        received = b""
        for _ in range(_TRIES):
            received += self._request_prompt()
            if received.endswith(_RAW + b">"):
                return
        raise BoardError(f"no MicroPython prompt at {self.device_name}.\n{_advice(received)}")

    def _request_prompt(self):
        """Send Ctrl-C and request the raw REPL; return what the board sent.

        A board that is just starting does not react.
        """
        try:
            self.serial.write(b"\r\x03")
            time.sleep(0.2)
            self.serial.write(b"\x03\r\x01")
            end = _RAW + b">"
            return self.read_until(1, end, timeout=_PROMPT_S, timeout_overall=2 * _PROMPT_S)
        except _BROKEN as exc:
            raise self._broken(exc) from None

    def read_until(self, least, ending, timeout=None, data_consumer=None, timeout_overall=None):
        """Read up to `ending`, or until the board has been silent for `timeout` seconds.

        Overrides mpremote's, which limits most waits to 10 s.
        """
        limit = _SILENCE_S if timeout is None else timeout
        return super().read_until(least, ending, limit, data_consumer, timeout_overall)

    def _broken(self, exc):
        """Return the LinkError for an error of mpremote or pyserial."""
        reason = _reason(exc)
        if not isinstance(exc, OSError):  # mpremote's words for silence or noise
            reason = f"the board did not answer as expected within {_SILENCE_S} s ({reason})"
        return LinkError(f"the link to {self.device_name} broke: {reason}")

    def load(self, name):
        """Define the functions of a file in tools/onboard on the board."""
        self.do((ONBOARD / name).read_text())

    def do(self, code):
        """Run code and return what it prints; BoardError carries the board's traceback."""
        try:
            out, error = self.exec_raw(code, timeout=None)
        except _BROKEN as exc:
            raise self._broken(exc) from None
        if b"SyntaxError" in error:
            raise LinkError("the board received something else than was sent")
        if error:
            raise BoardError("on the board: " + error.decode(errors="replace").strip())
        return out.decode(errors="replace")

    def evaluate(self, expression):
        """Return the value of an expression on the board."""
        return _parsed(ast.literal_eval, self.do(f"print(repr({expression}))"))

    def put(self, path, data):
        """Write a file; the old one stays until the new one is complete."""
        for at in range(0, max(len(data), 1), _CHUNK):
            piece = data[at : at + _CHUNK]
            last = at + len(piece) >= len(data)
            self.do(f"put({path!r}, {base64.b64encode(piece)!r}, {at}, {last})")

    def get(self, path):
        """Return the bytes of a file, or None if it does not exist."""
        size = self.evaluate(f"size({path!r})")
        if size < 0:
            return None
        data = b""
        while len(data) < size:
            piece = base64.b64decode(self.do(f"print(get({path!r}, {len(data)}))"))
            if not piece:
                raise BoardError(f"{path} on the board shrank while it was read")
            data += piece
        return data

    def reset(self):
        """Restart the chip, without waiting for a response."""
        try:
            self.exec_raw_no_follow("import machine\nmachine.reset()")
        except _BROKEN as exc:
            raise self._broken(exc) from None
        self.in_raw_repl = False

    def wait_for(self, pattern, limit_s):
        """Read the board's output until it matches `pattern` or `limit_s` seconds have passed.

        Return the match or None, and all of the output.
        """
        received, deadline, found = b"", time.monotonic() + limit_s, None
        self.serial.timeout = 0.1
        try:
            while not found and time.monotonic() < deadline:
                received += self.serial.read(1 if self.is_pty else max(1, self.serial.in_waiting))
                found = re.search(pattern, received)
        except OSError as exc:
            raise self._broken(exc) from None
        finally:
            self.serial.timeout = _SILENCE_S
        return found, received.decode(errors="replace")

    def facts(self):
        """Return facts about the board (onboard/files.py); BoardError if it is no such ESP32."""
        self.load("files.py")
        facts = _parsed(json.loads, self.do("print(facts())"))
        reason = no_esp32(facts)
        if reason:
            raise BoardError(reason)
        return facts


def _parsed(parse, text):
    """Return the parsed response; BoardError if noise on the line has damaged it."""
    try:
        return parse(text.strip())
    except (ValueError, SyntaxError):
        raise BoardError(
            f"the board's response cannot be read; try again: {text[-200:]!r}"
        ) from None


def _reason(exc):
    text = str(exc) or type(exc).__name__
    return re.sub(r"^\[Errno \d+\] ", "", text)


def _ports():
    from serial.tools import list_ports

    found = [f"{port.device} ({port.description})" for port in list_ports.comports()]
    if not found:
        return "This PC has no serial port. Is the adapter plugged in, with a data cable?"
    return "Available ports: " + ", ".join(found)


def _advice(received):
    """Return what to do when the board sends this instead of a prompt."""
    if b"waiting for download" in received:
        return (
            "The chip is waiting for new firmware: remove the wire between IO0 and GND, "
            "then press the reset button."
        )
    if any(text in received for text in (b"invalid header", b"ets_main.c", b"flash read err")):
        return "The chip finds no firmware: flash MicroPython first (make flash)."
    if b"Brownout" in received:
        return "The chip reports a brownout: power it from 5 V with 500 mA or more."
    if not received:
        return (
            "The board sent nothing. Is it the right port? Connect TX of the adapter to U0R, RX "
            "to U0T, GND to GND, and leave IO0 open. Is another program using the port?"
        )
    return f"The board sent: {received[-200:]!r}"
