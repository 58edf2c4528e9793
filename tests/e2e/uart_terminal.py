"""The simulated board with its UART on a pseudo-terminal, as with mpremote."""

import os
import pty
import subprocess
import threading
import tty

from sim import Simulator, wait_until


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

    def wait_raw(self, data, since, limit_s=20):
        wait_until(
            lambda: data in self.raw[since:], limit_s, f"{data!r} in {self.raw[since:]!r}", 0.005
        )

    def answers(self, keys=b"pulse\r", shown=b"\r\npulse = 0\r\n", limit_s=1):
        """Press keys; return True if `shown` follows in time."""
        since = len(self.raw)
        self.key(keys)
        try:
            self.wait_raw(shown, since, limit_s)
        except AssertionError:
            return False
        return True
