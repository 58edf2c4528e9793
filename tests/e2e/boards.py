"""A board as flashed, its UART at a pseudo-terminal, and the tools of the PC run on it."""

import subprocess
import sys

from probe import NO_BROKER
from sim import ROOT, Simulator


class BlankBoard(Simulator):
    """Has only what is deployed to it."""

    def __init__(self, folder, **options):
        super().__init__(folder, NO_BROKER, args=("--blank", "--uart", "pty"), **options)
        self.files = self.state / "files"

    @property
    def port(self):
        return self.facts["uart"]

    def tool(self, name, *args, status=0):
        """Run a tool on this board's port; what it says, once its exit status is right."""
        command = [sys.executable, str(ROOT / "tools" / name), self.port, *args]
        done = subprocess.run(command, capture_output=True, text=True, timeout=50)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def serves(self):
        """Whether the camera's web server answers."""
        try:
            return self.get("/", timeout=1).status_code == 200
        except Exception:
            return False
