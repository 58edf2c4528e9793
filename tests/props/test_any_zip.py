"""proto.zip: accepts headers by zipfile, and refuses unsafe names and what no application has."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.zip import END, ENTRY, FILE, STORED, BadArchive, Header, is_archive, is_safe


def packed(name="app/x.mpy", data=b"x" * 100, method=zipfile.ZIP_DEFLATED, **fields):
    """Return an archive of one file; `fields` are attributes of its ZipInfo."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo(name)
        for field, value in fields.items():
            setattr(info, field, value)
        archive.writestr(info, data, method)
    return out.getvalue()


def headers(data, piece=1_000):
    """Return the headers of an archive that arrives in pieces."""
    found, at = [], 0
    while at < len(data):
        header = Header()
        while not header.complete:
            taken = header.feed(memoryview(data)[at : at + piece])
            assert taken
            at += taken
        found.append(header)
        if header.kind == FILE:
            at += header.packed
    return found


@given(
    st.from_regex(r"[a-z_]{1,20}(/[a-z0-9_.]{1,14}){1,4}", fullmatch=True),
    st.binary(max_size=3_000),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.integers(1, 60),
)
def test_headers_by_zipfile(name, data, method, piece):
    file, entry, end = headers(packed(name, data, method), piece)
    assert (file.kind, entry.kind, end.kind) == (FILE, ENTRY, END)
    assert file.matches(entry)
    assert (entry.name, entry.size, entry.offset, end.files) == (name, len(data), 0, 1)
    assert (entry.method == STORED) == (method == zipfile.ZIP_STORED)
    assert end.offset == 30 + len(name) + file.packed


@given(st.binary(max_size=200), st.integers(0, 45), st.integers(1, 255))
def test_any_changed_byte_of_an_entry(data, at, change):
    whole = packed(data=data)
    file, entry, _ = headers(whole)
    record = bytearray(whole[-22 - 46 - len(entry.name) : -22])
    record[at] ^= change
    changed = Header()
    try:
        changed.feed(record)
    except BadArchive:
        return
    if changed.complete and changed.kind == ENTRY and file.matches(changed):
        assert changed.offset == entry.offset or at >= 42  # where another file's header is


@given(st.binary(max_size=100))
def test_any_bytes(data):
    header = Header()
    try:
        taken = header.feed(data)
    except BadArchive:
        return
    assert taken == len(data) or header.complete


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (packed(extra=b"\x01\x00\x00\x00"), "extra fields or a comment"),
        (packed(method=zipfile.ZIP_BZIP2), "unknown method or flag"),
        (packed()[:6] + b"\x08" + packed()[7:], "method or flag"),  # its size follows the file
        (packed(name="app/\xe9.mpy"), "unknown method or flag|invalid file name"),
        (packed(name="app/\x01.mpy"), "invalid file name"),
        (packed(name="app/" + "x" * 80 + ".mpy"), "invalid file name"),
        (packed(data=bytes(262_145)), "contains a file of 262145 bytes"),
    ],
)
def test_what_no_application_has(archive, reason):
    with pytest.raises(BadArchive, match=reason):
        headers(archive)


def test_comments_are_refused():
    for archive, at in ((packed(comment=b"hello"), 0), (packed(), 1)):
        with pytest.raises(BadArchive, match="extra fields or a comment"):
            headers(archive[:-2] + b"\x05\0hello" if at else archive)


def test_kind():
    assert is_archive(packed()) and is_archive(memoryview(packed()))
    assert not is_archive(b"\xe9\x03") and not is_archive(b"")


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
