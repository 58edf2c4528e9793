"""proto.tar: accepts headers by tarfile, and refuses unsafe names and damaged headers."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.tar import RECORD, BadArchive, is_blank, is_safe, member


def header(name, size=0, kind=tarfile.REGTYPE):
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.USTAR_FORMAT)


@given(
    st.from_regex(r"[a-z_]{1,20}(/[a-z0-9_.]{1,40}){1,4}", fullmatch=True), st.integers(0, 262144)
)
def test_headers_by_tarfile(name, size):
    assert member(memoryview(header(name, size))) == (name, size)


def test_end_of_the_archive():
    out = io.BytesIO()
    tarfile.open(fileobj=out, mode="w").close()
    assert is_blank(out.getvalue()[:RECORD])
    assert not is_blank(header("a/b.mpy"))


@given(st.integers(0, 511), st.integers(1, 255))
def test_any_changed_byte(at, change):
    record = bytearray(header("app/mqtt.mpy", 1000))
    record[at] ^= change
    try:
        name, size = member(record)
    except BadArchive:
        return
    assert (name, size) == ("app/mqtt.mpy", 1000)  # only after a change in the checksum field


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE]
)
def test_links_and_folders_are_refused(kind):
    with pytest.raises(BadArchive, match="other than files"):
        member(header("app/x.mpy", 0, kind))


def test_oversized_file_is_refused():
    with pytest.raises(BadArchive, match="bytes"):
        member(header("app/x.mpy", 262_145))


@pytest.mark.parametrize(
    "name",
    [
        "../boot.py",
        "/boot.py",
        "app/../../boot.mpy",
        "app//x.mpy",
        "./x.mpy",
        "app/.x.mpy",
        "x.mpy",
        "app/x.py",
        "boot.py",
        "app/x.mpy/",
        "app/x y.mpy",
        "a/b/c/d/e/f.mpy",
        "app/" + "x" * 80 + ".mpy",
        "app/\x00.mpy",
        "app\\x.mpy",
        "",
    ],  # fmt: skip
)
def test_unsafe_name_is_refused(name):
    assert not is_safe(name)


@pytest.mark.parametrize("name", ["app/mqtt.mpy", "www/app.js.gz", "hal/sensor/__init__.mpy"])
def test_safe_name_is_accepted(name):
    assert is_safe(name)


@given(st.text(max_size=40))
def test_any_safe_name_stays_inside_the_folder(name):
    if is_safe(name):
        assert ".." not in name.split("/") and not name.startswith("/") and "\\" not in name
