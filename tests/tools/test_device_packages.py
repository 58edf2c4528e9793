"""Device packages: only locked archives are accepted, and only their named members."""

import hashlib
import io
import tarfile
import zipfile

import device_packages
import pytest
from device_packages import Package, Refused, read_lock, unpack


def zipped(files):
    """Return the bytes of a zip archive with {name: text}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def tarred(files, links=()):
    """Return the bytes of a tar.gz with {name: text} and (name, target) links."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
        for name, target in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return buffer.getvalue()


def package(data, *members):
    """Return a row of the lock file for an archive."""
    return Package("p", "1.0", hashlib.sha256(data).hexdigest(), "lib", members)


def names(folder):
    """Return the files below a folder as text."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_named_members_of_a_zip(tmp_path):
    data = zipped({"m/a.py": "a = 1", "m/b.py": "b = 2", "../evil.py": "e"})
    unpack(package(data, "m/a.py"), data, tmp_path / "lib")
    assert names(tmp_path) == ["lib/m/a.py"]


def test_named_members_of_a_tar(tmp_path):
    files = {"p-1.0/u/a.py": "a = 1", "p-1.0/setup.py": "", "../evil.py": "e"}
    data = tarred(files, links=[("p-1.0/u/b.py", "../../x.py")])
    unpack(package(data, "u/a.py"), data, tmp_path / "lib")
    assert names(tmp_path) == ["lib/u/a.py"]
    with pytest.raises(Refused, match="no file u/b.py"):
        unpack(package(data, "u/b.py"), data, tmp_path / "lib")


def test_other_content_is_refused(tmp_path):
    data = zipped({"a.py": "a = 1"})
    with pytest.raises(Refused, match="sha256"):
        unpack(package(data, "a.py"), data + b" ", tmp_path / "lib")
    assert names(tmp_path) == []


def test_lock_file_pins_everything():
    rows = read_lock()
    assert {row.into for row in rows} == {"lib", "test-lib", "mpy-tool"}
    for row in rows:
        assert len(row.sha256) == 64 and row.members
        for member in row.members:
            assert (device_packages.ROOT / "build" / row.into / member).exists()
