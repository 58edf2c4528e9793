"""tools/timelapse.py: pictures by their metadata, each once; selection, and errors."""

import errno
import hashlib
import json
import os
import pathlib
from datetime import datetime, timedelta, timezone

import pytest
import timelapse
from stills.collector import Collector
from stills.folder import PictureFolder

NOON = datetime(2026, 11, 27, 12, tzinfo=timezone.utc)


def jpeg(text):
    """Return the least that is a JPEG, and contains a text."""
    return b"\xff\xd8\xff\xc0\0\x07\x08\0\x10\0\x20\xff\xda\0\x03x" + text.encode() + b"\xff\xd9"


def meta(data, time=NOON, **more):
    timestamp = time.timestamp() if time else None
    fields = {"Timestamp": timestamp, "Bytes": len(data)}
    return json.dumps(fields | {"SHA256": hashlib.sha256(data).hexdigest()} | more).encode()


@pytest.fixture
def made(tmp_path):
    """Return a collector of a new folder; it is 12:30 now."""
    folder = PictureFolder(tmp_path / "porch")
    folder.create()
    collector = Collector(folder, lambda: NOON + timedelta(minutes=30))
    collector.names = lambda: sorted(path.name for path in folder.path.iterdir())
    return collector


def test_the_name_is_the_time_of_the_exposure(made, tmp_path):
    data = jpeg("a")
    made.take_meta(meta(data, NOON + timedelta(microseconds=250_000)))
    made.take_picture(data)
    assert made.names() == ["20261127T120000.250Z.jpg"]
    path = tmp_path / "porch" / made.names()[0]
    assert path.read_bytes() == data
    assert os.stat(path).st_mtime == pytest.approx(NOON.timestamp() + 0.25)
    assert (made.stored, made.bytes, made.refused, made.duplicates) == (1, len(data), 0, 0)


def test_without_metadata_or_its_time_the_arrival_counts(made):
    made.take_picture(jpeg("a"))
    assert made.names() == ["20261127T123000.000Z.jpg"]
    made.take_meta(meta(jpeg("b"), None))
    made.take_picture(jpeg("b"))
    assert made.names() == ["20261127T123000.000Z-2.jpg", "20261127T123000.000Z.jpg"]


def test_the_retained_picture_after_a_reconnect_is_a_duplicate(made, tmp_path):
    data = jpeg("a")
    made.take_meta(meta(data))
    made.take_picture(data)
    again = Collector(PictureFolder(tmp_path / "porch"))  # another start
    for collector in (made, again):
        collector.take_meta(meta(data))
        collector.take_picture(data, retained=True)
    assert (made.stored, made.duplicates, again.stored, again.duplicates) == (1, 1, 0, 1)
    assert len(made.names()) == 1


def test_a_retained_picture_of_unknown_time_is_left_out(made):
    made.take_picture(jpeg("old"), retained=True)
    made.take_meta(meta(jpeg("new")))  # the next one, while the old picture is still retained
    made.take_picture(jpeg("old"), retained=True)
    made.take_meta(meta(jpeg("old"), None))
    made.take_picture(jpeg("old"), retained=True)
    made.take_picture(b"")
    assert made.names() == [] and (made.refused, made.duplicates) == (0, 0)


def test_pictures_that_do_not_match_are_refused(made):
    made.take_meta(meta(jpeg("a")))
    made.take_picture(jpeg("b"))
    assert "SHA-256" in made.refusal
    made.take_meta(meta(jpeg("d"), Bytes=7))
    made.take_picture(jpeg("d"))
    assert "7 bytes" in made.refusal
    made.take_picture(jpeg("e")[:-1])
    assert "whole" in made.refusal
    assert made.names() == [] and made.refused == 3
    made.take_picture(jpeg("c"))  # metadata has been switched off
    assert len(made.names()) == 1


def test_a_lost_picture_does_not_confuse_the_next_one(made):
    made.take_meta(meta(jpeg("lost")))
    made.take_meta(meta(jpeg("a"), NOON + timedelta(seconds=1)))
    made.take_picture(jpeg("a"))
    assert made.names() == ["20261127T120001.000Z.jpg"]


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff", b"7", b"[]", b"{}", b'{"Timestamp": 1e99, "Bytes": 1, "SHA256": ""}',
     b'{"Timestamp": "x", "Bytes": 1, "SHA256": ""}'],
)  # fmt: skip
def test_other_messages_on_meta_are_ignored(made, payload):
    made.take_meta(payload)
    made.take_picture(jpeg("a"))
    assert made.stored == 1


def test_selection_in_order(made, tmp_path):
    folder = PictureFolder(tmp_path / "porch")
    for minutes in (20, 0, 10):
        folder.add(jpeg(str(minutes)), NOON + timedelta(minutes=minutes))
    for text in ("x", "y"):
        folder.add(jpeg(text), NOON)
    (tmp_path / "porch" / "holiday.jpg").write_bytes(jpeg(""))
    part = tmp_path / "porch" / "20261127T120000.000Z.jpg.part"
    part.write_bytes(b"")
    names = [path.name[9:] for path in folder.select()]
    assert names == ["120000.000Z.jpg", "120000.000Z-2.jpg", "120000.000Z-3.jpg",
                     "121000.000Z.jpg", "122000.000Z.jpg"]  # fmt: skip
    ten = NOON + timedelta(minutes=10)
    assert [path.name[9:13] for path in folder.select(ten)] == ["1210", "1220"]
    assert len(folder.select(None, ten)) == 3
    folder.create()
    assert part.exists()  # another program may be writing it
    os.utime(part, (0, 0))
    folder.create()
    assert not part.exists()


def test_a_full_disk_is_reported_with_the_folder(made, tmp_path, monkeypatch):
    def write(path, data):
        path.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pathlib.Path, "write_bytes", write)
    with pytest.raises(OSError) as end:
        made.take_picture(jpeg("a"))
    assert end.value.filename == str(tmp_path / "porch") and made.names() == []


def test_a_video_is_as_large_as_its_first_picture_that_is_whole(tmp_path, monkeypatch):
    folder = PictureFolder(tmp_path / "porch")
    folder.create()
    folder.add(jpeg("a")[:9], NOON)
    folder.add(jpeg("b"), NOON + timedelta(minutes=1))
    log = tmp_path / "log"
    (tmp_path / "ffmpeg").write_text(
        f'#!/bin/sh\necho "$*" >{log}\nfor last; do :; done\n/bin/cat >"$last"\n'
    )
    (tmp_path / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert timelapse.main(["video", str(folder.path), str(tmp_path / "a.mp4")]) == 0
    assert "scale=32:16:" in log.read_text()
    for path in folder.select()[1:]:
        path.unlink()
    assert timelapse.main(["video", str(folder.path), str(tmp_path / "b.mp4")]) == 1


def test_times_of_the_command_line():
    parse = timelapse.parser().parse_args
    args = parse(["video", "a", "b.mp4", "--from", "2026-11-27T13:00+01:00", "--to", "2026-11-27"])
    assert args.since == NOON
    for day in ("2026-11-27", "20261127"):
        args = parse(["video", "a", "b.mp4", "--to", day])
        assert args.until.replace(tzinfo=None) == datetime(2026, 11, 28)


def test_errors(tmp_path, monkeypatch, capsys):
    def fails(status, why, *arguments):
        assert timelapse.main([str(each) for each in arguments]) == status
        assert why in capsys.readouterr().err

    fails(1, "no pictures in that time", "video", tmp_path, tmp_path / "a.mp4")
    folder = PictureFolder(tmp_path / "porch")
    folder.create()
    folder.add(jpeg("a"), NOON)
    later = ("--from", "2026-11-28")
    fails(1, "no pictures in that time", "video", folder.path, tmp_path / "a.mp4", *later)
    monkeypatch.setenv("PATH", str(tmp_path))
    fails(1, "ffmpeg is missing", "video", folder.path, tmp_path / "a.mp4")
    broker = ("--broker", "mqtt://127.0.0.1:1")
    fails(1, "--device or --topic", "collect", tmp_path / "b", *broker)
    fails(3, "refused", "collect", tmp_path / "b", *broker, "--topic", "cam")
    (tmp_path / "file").write_bytes(b"")
    fails(1, "file", "collect", tmp_path / "file", *broker, "--topic", "cam")
    for wrong in (("--fps", "0"), ("--from", "noon"), ("--rotate", "45")):
        with pytest.raises(SystemExit, match="2"):
            timelapse.main(["video", str(folder.path), "a.mp4", *wrong])
    for count in ("0", "-1", "x"):
        with pytest.raises(SystemExit, match="2"):
            timelapse.main(["collect", str(folder.path), *broker, f"--count={count}"])
