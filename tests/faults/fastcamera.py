"""Camera on the simulated board whose waits take no time, for rows that take hours."""

import re
import shutil

from sim import ROOT, Simulator, wait_until


def without_waits(folder):
    """Return the options of a simulated board that runs the firmware on tests/unit/fasttime.py."""
    programs = folder / "programs"
    programs.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "unit" / "fasttime.py", programs)
    shutil.copy(ROOT / "main.py", programs)
    (programs / "boot.py").write_text("import fasttime\n" + (ROOT / "boot.py").read_text())
    return ("--root", str(programs))


class FastCamera(Simulator):
    """Camera whose clock jumps to the next task when all of them wait.

    About a minute passes in each second, since what polls still runs. Peers, such as a broker,
    stay in real time.
    """

    def __init__(self, folder, broker=None, settings=None, args=()):
        super().__init__(folder, broker, settings, (*without_waits(folder), *args))

    @property
    def uptime_s(self):
        """Seconds that the camera has run by its own clock."""
        return int(re.search(r"uptime (\d+)", self.status("3"))[1])

    def wait_uptime(self, seconds, limit_s):
        """Wait until the camera has run for `seconds` by its own clock."""
        wait_until(lambda: self.uptime_s >= seconds, limit_s, f"{seconds} s of uptime", every_s=1)
