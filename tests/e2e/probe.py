"""Simulated board that executes code sent by a test, to inspect the board from inside."""

import ast
import json
import shutil
import socket
from pathlib import Path

import httpx
import pytest
from sim import Simulator

NO_BROKER = "mqtt://127.0.0.1:1"
WRITE = "import esp32\nesp32.NVS('t').set_i32('a', %d)"
HERE = Path(__file__).resolve().parent


class Probe(Simulator):
    """Board that runs `probe_main.py` as its main program."""

    def __init__(self, folder, *args, broker=NO_BROKER, **options):
        root = Path(folder) / "board"
        root.mkdir(exist_ok=True)
        shutil.copy(HERE / "probe_main.py", root / "main.py")
        super().__init__(folder, broker, args=("--root", str(root), *args), **options)

    def run(self, code):
        """Run code on the board and return its variable `result` as bytes."""
        return self.get(path_of(code)).content

    def value(self, expression):
        """Evaluate an expression on the board and return its value."""
        return ast.literal_eval(self.run("result = " + expression).decode())

    def send(self, code):
        """Run code that ends the board before it can respond."""
        with pytest.raises(httpx.TransportError):
            self.run(code)

    def control_lines(self, *lines):
        """Send lines to the control port unchanged and return the decoded responses."""
        with socket.create_connection(("127.0.0.1", self.facts["control"]), 10) as sock:
            sock.sendall("\n".join([*lines, ""]).encode())
            file = sock.makefile("r")
            return [json.loads(file.readline()) for _ in lines]

    def end(self, number):
        """Send a signal to the runner and return its exit status."""
        self._process.send_signal(number)
        return self._process.wait(5)

    def connect(self, code, source="127.0.0.1"):
        """Send code and return the socket without waiting for the response."""
        address = ("127.0.0.1", self.facts["http"])
        sock = socket.create_connection(address, 10, source_address=(source, 0))
        sock.sendall(f"GET {path_of(code)} HTTP/1.0\r\n\r\n".encode())
        return sock

    def responds(self):
        """Return True if the board's web server responds."""
        try:
            return self.get().is_success
        except httpx.TransportError:
            return False


def path_of(code):
    return "/" + code.encode().hex()
