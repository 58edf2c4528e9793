"""tools/deploy.py: the plan made before a board is changed."""

import deployplan
import pytest
from boardlink import BoardError
from bytecode import Bytecode
from deployplan import check_room, check_size, folders_of, plan, without_frozen
from update.archive import zipped

ESP32, OLD_ESP32, PC = 11_014, 10_502, 2_822  # `_mpy` of v1.25, of v1.21, of a PC


def test_plan():
    files = {"/main.py": b"m", "/lib/a/same.mpy": b"s", "/lib/a/new.mpy": b"n", "/boot.py": b"b"}
    present = {"/main.py": 2, "/lib/a/same.mpy": 1, "/lib/a/new.mpy": 1, "/lib/a/x.mpy.new": 9}
    present["/lib/gone.mpy"] = 5
    copy, remove = plan(files, present, {"/lib/a/same.mpy"})
    assert copy == ["/lib/a/new.mpy", "/boot.py", "/main.py"]
    assert remove == ["/lib/a/x.mpy.new", "/lib/gone.mpy"]


SMALL = {"block_bytes": 4_096, "blocks": 10}


def test_file_system_that_is_too_small():
    """Each file takes whole blocks, and each folder two; / is a folder."""
    files = {"/main.py": bytes(4_097), "/lib/app/x.mpy": bytes(4_096), "/lib/y.mpy": b""}
    check_size(files, {**SMALL, "blocks": 9})
    with pytest.raises(BoardError, match="has 8 blocks, and the application takes 9; flash"):
        check_size(files, {**SMALL, "blocks": 8})


def test_room_for_the_files_to_copy():
    """What is removed and replaced counts as free; an old file stays until the new is whole."""
    files = {"/a": bytes(5_000), "/b": bytes(9_000), "/c": bytes(100)}
    present = {"/b": 4_000, "/c": 100, "/gone": 4_097, "/a.new": 1}
    check_room(files, ["/a", "/b"], present, {**SMALL, "free_blocks": 4})
    with pytest.raises(BoardError, match="too full: 8 blocks are needed, 7 are free; remove"):
        check_room(files, ["/a", "/b"], present, {**SMALL, "free_blocks": 3})
    check_room(files, [], present, {**SMALL, "free_blocks": 0})


def test_folders():
    paths = ["/main.py", "/lib/app/x.mpy", "/lib/hal/sensor/y.mpy", "/config/boards/b.mpy"]
    assert folders_of(paths) == ["/config", "/lib/app", "/lib/hal"]


def test_frozen_modules_are_left_out():
    files = dict.fromkeys(
        ["/lib/umqtt/simple.mpy", "/lib/umqtt/robust.py", "/lib/microdot/a.mpy", "/lib/umqttx.mpy"]
    )
    assert list(without_frozen(files, ["umqtt/simple", "umqtt/robust", "microdot"])) == [
        "/lib/umqttx.mpy"
    ]


@pytest.mark.parametrize(("mpy", "sub_version"), [(ESP32, 3), (OLD_ESP32, 1)])
def test_bytecode_for_the_chip(mpy, sub_version):
    """31-bit small integers, and machine code for the chip and its firmware's version."""
    files = deployplan.compiled({"mpy": mpy})
    natives = 0
    for path, data in files.items():
        if path.endswith(".mpy"):
            magic, version, features, small_int_bits = data[:4]
            assert (magic, version, small_int_bits) == (ord("M"), 6, 31), path
            assert features >> 2 in (0, 10), path
            assert features >> 2 == 0 or features & 3 == sub_version, path
            natives += features >> 2 != 0
    assert natives
    assert {"/boot.py", "/main.py", "/config/board.mpy"} < set(files)
    assert not any("config/firmware" in path for path in files)


def test_architectures():
    assert Bytecode.of(ESP32) == (6, 3, "xtensawin")
    assert Bytecode.of(OLD_ESP32) == (6, 1, "xtensawin")
    assert Bytecode.of(PC) == (6, 3, "x64")


def test_other_bytecode_is_refused():
    with pytest.raises(BoardError, match=r"bytecode 5\.0.*--py"):
        deployplan.compiled({"mpy": 5})


def test_only_sources_are_compiled():
    names = {path.rpartition(".")[0] for path in deployplan.sources()}
    assert names == {path.rpartition(".")[0] for path in deployplan.compiled({"mpy": ESP32})}


def test_third_party_modules_are_not_sent_as_sources():
    files = deployplan.readable({"mpy": ESP32})
    assert "/lib/app/system.py" in files and "/lib/microdot/microdot.mpy" in files
    assert not {path.rpartition(".")[0] for path in deployplan.sources()} ^ {
        path.rpartition(".")[0] for path in files
    }
    assert deployplan.readable({"mpy": 5}) == deployplan.sources()


@pytest.mark.parametrize("module", ["app.camera", "proto.mqtt"])
def test_sources_of_one_module(module):
    files = deployplan.readable({"mpy": ESP32}, module)
    place = "/lib/" + module.replace(".", "/")
    ours = {path for path in files if path.startswith((place + "/", place + "."))}
    assert ours and all(path.endswith(".py") for path in ours)
    assert {path for path in files if path.endswith(".py")} - ours == {"/boot.py", "/main.py"}
    assert len(files) == len(deployplan.sources())


def test_no_such_module():
    with pytest.raises(BoardError, match=r"there is no module app\.cam,"):
        deployplan.readable({"mpy": ESP32}, "app.cam")
    with pytest.raises(BoardError, match="bytecode 5"):
        deployplan.readable({"mpy": 5}, "app.camera")


def test_application_fits_the_layout_with_one_slot():
    """With room for two updates of the application."""
    facts = {"blocks": 512, "block_bytes": 4_096}
    files = deployplan.compiled({"mpy": ESP32})
    update = zipped({path.strip("/"): data for path, data in files.items()})
    deployplan.check_size({**files, "/app_a.zip": update, "/app_b.zip": update}, facts)
    deployplan.check_size(deployplan.readable({"mpy": ESP32}), facts)
    with pytest.raises(BoardError, match="has 128 blocks, and the application takes"):
        deployplan.check_size(files, {**facts, "blocks": 128})
