"""A freshly flashed board with its UART on a pseudo-terminal, for tests of the PC tools."""

import contextlib
import os
import select
import socket
import subprocess
import sys
import threading
import tty

from probe import NO_BROKER
from sim import ROOT, Simulator, wait_until


class BlankBoard(Simulator):
    """Board that holds only the files that a test deploys."""

    def __init__(self, folder, **options):
        super().__init__(folder, NO_BROKER, args=("--blank", "--uart", "pty"), **options)

    def start(self, ready=True):
        """Start, and wait until the first start has made the file system."""
        super().start(ready)
        wait_until(self._has_files, what="the file system")
        return self

    def _has_files(self):
        with contextlib.suppress(FileNotFoundError):
            return "boot.py" in self.files.paths()

    @property
    def port(self):
        return self.facts["uart"]

    def tool(self, name, *args, status=0):
        """Run a tool on the board's port, check its exit status and return its output."""
        command = [sys.executable, str(ROOT / "tools" / name), self.port, *args]
        done = subprocess.run(command, capture_output=True, text=True, timeout=50)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def serves(self):
        """Return True if the camera's web server responds."""
        try:
            return self.get("/", timeout=1).status_code == 200
        except Exception:
            return False


class Relay:
    """Bridge between a pseudo-terminal and a TCP port; a context manager."""

    def __init__(self, path):
        self._port = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def _run(self):
        peer, _ = self._server.accept()
        with peer, contextlib.suppress(OSError):
            while True:
                ready, _, _ = select.select([peer, self._port], [], [])
                if peer in ready:
                    data = peer.recv(4_096)
                    if not data:
                        return
                    os.write(self._port, data)
                if self._port in ready:
                    peer.sendall(os.read(self._port, 4_096))

    def __exit__(self, *_):
        self._server.close()
        self._thread.join(10)
        os.close(self._port)
