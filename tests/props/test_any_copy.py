"""hal.zipfs: a copy reads as it was packed; a damaged one is refused or has the right names."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.zipfs import ZipFS

NAME = st.from_regex(r"[a-z]{1,3}(/[a-z0-9_]{1,4}){0,3}\.mpy", fullmatch=True)
FILES = st.dictionaries(NAME, st.binary(max_size=1_200), max_size=12)
METHOD = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
FOLDER, FILE = 0x4000, 0x8000


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return tmp_path_factory.mktemp("copy") / "app_a.zip"


def packed(files, method=zipfile.ZIP_DEFLATED):
    """Return {name: bytes} as a ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def content(copy, folder="/"):
    """Return {name: bytes} of all files in a mounted copy."""
    found = {}
    for name, kind, _, size in copy.ilistdir(folder):
        path = f"{folder}/{name}"
        if kind == FOLDER:
            assert copy.stat(path)[0] == FOLDER
            found |= content(copy, path)
        else:
            assert (copy.stat(path)[0], copy.stat(path)[6]) == (FILE, size)
            with copy.open(path, "rb") as file:
                found[path.lstrip("/")] = file.read()
    return found


@given(FILES, METHOD, st.integers(1, 700))
@settings(max_examples=100, deadline=None)
def test_packed_files(archive, files, method, piece):
    archive.write_bytes(packed(files, method))
    copy = ZipFS(str(archive))
    assert content(copy) == files
    for name, data in files.items():
        with copy.open(name, "rb") as file:
            buffer, got = bytearray(piece), b""
            while n := file.readinto(buffer):
                got += buffer[:n]
            assert got == data
            assert file.seek(-min(8, len(data)), 2) == max(0, len(data) - 8)
            assert file.read() == data[-8:]
            file.seek(0)
            assert b"".join(iter(file.readline, b"")) == data


@given(FILES, NAME)
@settings(max_examples=60, deadline=None)
def test_missing_files(archive, files, name):
    archive.write_bytes(packed(files))
    copy = ZipFS(str(archive))
    if name not in files:
        for call in (copy.stat, lambda path: copy.open(path, "r")):
            with pytest.raises(OSError) as refused:
                call(name)
            assert refused.value.args[0] == 2


def test_read_only(archive):
    archive.write_bytes(packed({"app/x.mpy": b"x"}))
    copy = ZipFS(str(archive))
    for call, *paths in (
        (copy.open, "app/x.mpy", "wb"),
        (copy.open, "app/y.mpy", "ab"),
        (copy.open, "app/x.mpy", "r+b"),
        (copy.remove, "app/x.mpy"),
        (copy.rename, "app/x.mpy", "x"),
        (copy.mkdir, "y"),
        (copy.rmdir, "app"),
        (copy.mount, False, True),
    ):
        with pytest.raises(OSError) as refused:
            call(*paths)
        assert refused.value.args[0] == 30
    with pytest.raises(OSError) as refused:
        copy.open("app", "rb")
    assert refused.value.args[0] == 21


@given(FILES.filter(bool), METHOD, st.data())
@settings(max_examples=300, deadline=None)
def test_any_changed_byte_or_any_cut(archive, files, method, data):
    whole = packed(files, method)
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        changed = whole[:at]
    else:
        changed = bytearray(whole)
        changed[at] ^= data.draw(st.integers(1, 255))
    archive.write_bytes(changed)
    try:
        found = content(ZipFS(str(archive)))
    except (OSError, ValueError):
        return
    assert set(found) == set(files)  # a byte within a file changed
