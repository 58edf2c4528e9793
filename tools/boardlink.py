"""The link from the PC to MicroPython's prompt on a board, whatever its port is.

A port is what pyserial opens: /dev/ttyUSB0, COM3, a pseudo-terminal, socket://host:port,
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

ROOT = Path(__file__).resolve().parent.parent
ONBOARD = ROOT / "tools" / "onboard"
OLDEST = (1, 21)
PORT_HELP = (
    "the board's port: /dev/ttyUSB0, /dev/cu.usbserial-1, COM3, socket://host:port, "
    "rfc2217://host:port"
)
_SILENCE_S = 10
_TRIES, _HEAR_S = 4, 2
_CHUNK = 1_536  # bytes of a file at a time: a line of code of 2 KB on the board
_BROKEN = (OSError, TransportError, struct.error, ValueError)


class BoardError(Exception):
    """What went wrong with the board, for people, with what to do about it."""


class Board(SerialTransport):
    """A board at its prompt; a context manager that closes the port."""

    def __init__(self, port, baudrate=115_200):
        self.device_name = port
        self.in_raw_repl = self.mounted = False
        self.use_raw_paste = True
        self.is_pty = self._is_pty_device(port)
        try:
            self.serial = serial.serial_for_url(
                port, do_not_open=True, baudrate=baudrate, timeout=_SILENCE_S, exclusive=True
            )
            # an ESP32-CAM's adapter holds the chip in reset while these are set
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
        """Stop what runs, restart the interpreter without main.py, and wait for its prompt."""
        heard = b""
        for _ in range(_TRIES):
            heard += self._shout()
            if heard.endswith(b"CTRL-B to exit\r\n>"):
                break
        else:
            raise BoardError(f"no prompt of MicroPython at {self.device_name}.\n{_advice(heard)}")
        try:
            self.serial.write(b"\x04")
            told = self.read_until(1, b"soft reboot\r\n", timeout=_SILENCE_S)
            told += self.read_until(1, b"raw REPL; CTRL-B to exit\r\n", timeout=_SILENCE_S)
        except _BROKEN as exc:
            raise BoardError(f"the link to {self.device_name} broke: {_reason(exc)}") from None
        if not told.endswith(b"CTRL-B to exit\r\n"):
            raise BoardError(f"the board did not restart its interpreter: {told[-200:]!r}")
        self.in_raw_repl = True

    def _shout(self):
        """Ctrl-C, then raw mode; what was heard. A board that is just starting hears nothing."""
        try:
            self.serial.write(b"\r\x03")
            time.sleep(0.2)
            self.serial.write(b"\x03\r\x01")
            end = b"raw REPL; CTRL-B to exit\r\n>"
            return self.read_until(1, end, timeout=_HEAR_S, timeout_overall=2 * _HEAR_S)
        except _BROKEN as exc:
            raise BoardError(f"the link to {self.device_name} broke: {_reason(exc)}") from None

    def load(self, name):
        """Make the functions of a file of tools/onboard known on the board."""
        self.do((ONBOARD / name).read_text())

    def do(self, code, timeout=_SILENCE_S):
        """Run code; what it prints, as text. BoardError carries the board's traceback."""
        try:
            out, error = self.exec_raw(code, timeout=timeout)
        except _BROKEN as exc:
            raise BoardError(f"the link to {self.device_name} broke: {_reason(exc)}") from None
        if error:
            raise BoardError("on the board: " + error.decode(errors="replace").strip())
        return out.decode(errors="replace")

    def ask(self, expression, timeout=_SILENCE_S):
        """The value of an expression."""
        return _understood(ast.literal_eval, self.do(f"print(repr({expression}))", timeout))

    def put(self, path, data):
        """Write a file, whole or not at all."""
        for at in range(0, max(len(data), 1), _CHUNK):
            piece = data[at : at + _CHUNK]
            last = at + len(piece) >= len(data)
            self.do(f"put({path!r}, {base64.b64encode(piece)!r}, {at}, {last})")

    def get(self, path):
        """The bytes of a file, or None where there is none."""
        size = self.ask(f"size({path!r})")
        if size < 0:
            return None
        data = b""
        while len(data) < size:
            piece = base64.b64decode(self.do(f"print(get({path!r}, {len(data)}))"))
            if not piece:
                raise BoardError(f"{path} on the board became shorter while it was read")
            data += piece
        return data

    def reset(self):
        """Restart the chip; nothing is answered."""
        try:
            self.exec_raw_no_follow("import machine\nmachine.reset()")
        except _BROKEN as exc:
            raise BoardError(f"the link to {self.device_name} broke: {_reason(exc)}") from None
        self.in_raw_repl = False

    def wait_for(self, pattern, limit_s):
        """Read what the board prints until `pattern` is in it: (the match or None, all of it)."""
        heard, deadline, found = b"", time.monotonic() + limit_s, None
        self.serial.timeout = 0.1
        try:
            while not found and time.monotonic() < deadline:
                heard += self.serial.read(1 if self.is_pty else max(1, self.serial.in_waiting))
                found = re.search(pattern, heard)
        except OSError as exc:
            raise BoardError(f"the link to {self.device_name} broke: {_reason(exc)}") from None
        finally:
            self.serial.timeout = _SILENCE_S
        return found, heard.decode(errors="replace")

    def facts(self):
        """What is asked of every board before anything is done to it."""
        self.load("files.py")
        facts = _understood(json.loads, self.do("print(facts())"))
        version = tuple(facts["version"])
        if version[:2] < OLDEST:
            raise BoardError(
                "the board runs MicroPython {}.{}; this firmware needs {}.{} or newer".format(
                    *version[:2], *OLDEST
                )
            )
        if not facts["esp32"]:
            raise BoardError(f"this is no ESP32 but {facts['machine']}")
        return facts


def _understood(parse, text):
    """What an answer means; noise on the wire may have made nonsense of it."""
    try:
        return parse(text.strip())
    except (ValueError, SyntaxError):
        raise BoardError(
            f"the board's answer makes no sense, try again: {text[-200:]!r}"
        ) from None


def _reason(exc):
    text = str(exc) or type(exc).__name__
    return re.sub(r"^\[Errno \d+\] ", "", text)


def _ports():
    from serial.tools import list_ports

    found = [f"{port.device} ({port.description})" for port in list_ports.comports()]
    if not found:
        return "This machine sees no serial port: is the adapter plugged in, with a data cable?"
    return "Ports here: " + ", ".join(found)


def _advice(heard):
    """What silence, or the wrong noise, most often means."""
    if b"waiting for download" in heard:
        return (
            "The chip waits for new firmware: take the wire between IO0 and GND away, "
            "then press its reset button."
        )
    if b"invalid header" in heard or b"ets_main.c" in heard or b"flash read err" in heard:
        return "The chip finds no firmware: flash MicroPython first (make flash)."
    if b"Brownout" in heard:
        return "The chip reports a brownout: power it from 5 V with 500 mA or more."
    if not heard:
        return (
            "Nothing was heard. Is it the right port? TX of the adapter goes to U0R, RX to U0T, "
            "GND to GND; IO0 must not be at GND; does another program hold the port?"
        )
    return f"The last that was heard: {heard[-200:]!r}"
