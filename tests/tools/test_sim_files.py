"""Files of the simulated board: the PC and MicroPython read what the other one has written."""

import json
import subprocess

import pytest
from boardfiles import BoardFiles
from firstflash import write
from flashchip import Flash
from partitions import CSV, Partitions

PROGRAM = """
import json, os, sys
from vfs import VfsLfs2, mount
at, size = 0x330000, 0xD0000
class Device:
    def __init__(self, path):
        self.file = open(path, "r+b")
    def readblocks(self, block, buffer, offset=0):
        self.file.seek(at + block * 4096 + offset)
        self.file.readinto(buffer)
    def writeblocks(self, block, buffer, offset=0):
        self.file.seek(at + block * 4096 + offset)
        self.file.write(buffer)
        self.file.flush()
    def ioctl(self, request, argument):
        if request == 6:
            self.writeblocks(argument, b"\\xff" * 4096)
        return {4: size // 4096, 5: 4096}.get(request, 0)
device = Device(sys.argv[1])
try:
    files = VfsLfs2(device)
except OSError:
    VfsLfs2.mkfs(device)
    files = VfsLfs2(device)
mount(files, "/board")
print(json.dumps([entry[0] for entry in os.ilistdir("/board")]))
with open("/board/theirs.txt", "w") as file:
    file.write("theirs" * 100)
"""


@pytest.fixture
def state(tmp_path):
    flash = Flash(tmp_path / "flash.bin")
    write(flash, Partitions(flash), CSV, "v1.0")
    return tmp_path


def micropython(interpreter, state):
    """Write a file with MicroPython; return the names that it found."""
    (state / "program.py").write_text(PROGRAM)
    line = [interpreter, str(state / "program.py"), str(state / "flash.bin")]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("first", ["PC", "MicroPython"])
def test_both_use_one_format(interpreter, state, first):
    files = BoardFiles.of(state)
    if first == "MicroPython":
        assert micropython(interpreter, state) == []
    files.write("ours.txt", b"ours" * 100)
    files.write("deep/er/ours.txt", b"x")
    assert "ours.txt" in micropython(interpreter, state)
    assert files.paths() == ["deep/er/ours.txt", "ours.txt", "theirs.txt"]
    assert files.read("theirs.txt") == b"theirs" * 100
    files.remove("theirs.txt")
    files.remove("missing")
    assert "theirs.txt" not in micropython(interpreter, state)


def test_blank_partition_has_no_files(state):
    with pytest.raises(FileNotFoundError, match="no file system yet"):
        BoardFiles.of(state).paths()
    assert set((state / "flash.bin").read_bytes()[0x330000:]) == {0xFF}  # reading formats nothing


def test_changes_count_no_flash_operation(state):
    flash = Flash(state / "flash.bin")
    partitions = Partitions(flash)
    partitions.load()
    BoardFiles(flash, partitions).write("a", bytes(10_000))
    assert flash.operations == 0


def test_files_of_an_earlier_version_are_adopted(state):
    old = state / "files"
    (old / "lib").mkdir(parents=True)
    (old / "mqttca.pem").write_bytes(b"certificate")
    (old / "lib" / "a.py").write_bytes(b"")
    files = BoardFiles.of(state)
    files.adopt(old)
    assert files.paths() == ["lib/a.py", "mqttca.pem"]
    assert files.read("mqttca.pem") == b"certificate"
    assert not old.exists() and (state / "files.old" / "mqttca.pem").exists()
    files.adopt(old)  # nothing is left to do
