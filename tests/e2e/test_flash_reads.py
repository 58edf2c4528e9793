"""Reads of the flash, counted: the file system stays off the start and off frozen imports."""

import shutil

from listener import Listener
from probe import Probe
from sim import Simulator
from update.archive import zipped

PICTURE = "data/esp32-mqtt-cam/image"
MOST_AT_START = 100  # 10 ms; 69 measured: mount, boot note, a look for /lib and for files of ours
IMPORT_AGAIN = """
import sys
for name in [name for name in sys.modules if name.split(".")[0] in ("app", "proto")]:
    del sys.modules[name]
import app.tls
"""


def test_start_hardly_reads_and_never_writes(broker, tmp_path):
    """The large file makes statvfs and a first write, which search for free blocks, expensive."""
    camera = Simulator(tmp_path, f"mqtt://127.0.0.1:{broker.port}", {"pubinterval": "1"})
    camera.start()
    camera.stop()
    camera.files.write("large", bytes(600_000))
    with camera, Listener(broker.port) as client:
        client.wait(PICTURE)
        before, since = camera.control("flash"), len(client.messages)
        camera.control("reset")
        client.wait(PICTURE, since=since)
        after = camera.control("flash")
        client.command("pubinterval", "7")
        assert camera.control("flash")["reads"] == after["reads"]
    counted = {name: after[name] - before[name] for name in ("reads", "writes", "erases")}
    print("flash from the reset to the first picture:", counted)
    assert counted["reads"] <= MOST_AT_START
    assert counted["writes"] == counted["erases"] == 0


def reads(probe, code):
    """Return the flash reads of some code on the board."""
    before = probe.control("flash")["reads"]
    probe.run(code)
    return probe.control("flash")["reads"] - before


def test_frozen_modules_are_imported_without_the_file_system(tmp_path, repo):
    probe = Probe(tmp_path)
    shutil.copy(repo / "boot.py", tmp_path / "board")
    with probe:
        assert reads(probe, IMPORT_AGAIN) == 0
        probe.run("import os\nos.mkdir('/lib')")  # as on a board with the application as files
        probe.control("reset")
        probe.wait_boot(2)
        assert probe.value("__import__('sys').path[-2:]") == ["/lib", ""]
        frozen_first = reads(probe, IMPORT_AGAIN)  # built-in modules are searched in files, too
        probe.run("import sys\nsys.path.insert(0, '')")
        files_first = reads(probe, IMPORT_AGAIN)
        print("flash reads of the imports:", frozen_first, "or with files first:", files_first)
        assert 0 < frozen_first < files_first


MOUNT = """
import sys
import vfs
sys.path[:] = [place for place in sys.path if place not in ("", "/lib")]
from hal.zipfs import ZipFS
vfs.mount(ZipFS("app_a.zip"), "/app_a")
"""


def test_archive_is_searched_in_memory(tmp_path):
    probe = Probe(tmp_path)
    probe.start()
    probe.stop()
    names = [f"module{number}" for number in range(100)]
    files = {f"app/{name}.py": b"x = 1\n" + bytes(1_000).replace(b"\0", b"#") for name in names}
    probe.files.write("app_a.zip", zipped(files))
    with probe:
        mounted = reads(probe, MOUNT)
        assert (
            reads(probe, "import os\ntry:\n os.stat('/app_a/app/no')\nexcept OSError:\n pass") == 0
        )
        one = reads(probe, "import os\nos.stat('/app_a/app/module50.py')")
        read = reads(probe, "with open('/app_a/app/module50.py') as file:\n file.read()")
        print(f"flash reads: mounting 100 files {mounted}, stat {one}, reading 1 KB {read}")
        assert one <= 12 and read <= 30  # 57 to 219 and more, in a folder of littlefs
        assert mounted <= 100 * 12  # the header of each file: 512 bytes, and the way to its block
