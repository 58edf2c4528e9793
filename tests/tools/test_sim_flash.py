"""Simulated flash chip and its partition table."""

import asyncio
import hashlib
import random
import time

import flashed
import partitions
import pytest
from errors import DeviceError, PowerFailure, UsageError
from flashchip import SECTOR, SIZE, Flash
from flashed import Board

NVS_ROW = bytes.fromhex("aa5001020090000000400000") + b"nvs".ljust(16, b"\0") + bytes(4)


@pytest.fixture
def flash():
    return Flash(chance=random.Random(1))


def test_reads_ones_until_written(flash):
    assert flash.read(0, SECTOR) == b"\xff" * SECTOR
    flash.write(10, b"\x0f\xf0")
    assert flash.read(9, 4) == b"\xff\x0f\xf0\xff"


def test_writing_clears_bits_and_counts_writes_without_an_erase(flash):
    flash.write(0, b"\x0f")
    flash.write(0, b"\x3c")
    assert flash.read(0, 1) == b"\x0c"
    assert flash.report() == {"operations": 2, "erases": 0, "writes": 2, "unerased": 1, "reads": 0}
    flash.erase(0)
    flash.write(0, b"\x3c")
    assert flash.read(0, 1) == b"\x3c"
    assert flash.unerased == 1


async def elapsed(flash):
    await flash.busy(erased=1)


def test_time_of_an_erase():
    slow = Flash(fast=False)
    for erase_ms in (100, 300):
        slow.report(erase_ms=erase_ms)
        started = time.monotonic()
        asyncio.run(elapsed(slow))
        assert time.monotonic() - started >= erase_ms / 1_000
    assert Flash().busy(erased=1) is None


def test_erasing_clears_one_sector(flash):
    flash.write(SECTOR - 1, b"\0\0")
    flash.erase(SECTOR)
    assert flash.read(SECTOR - 1, 2) == b"\0\xff"


def test_changes_are_in_the_file_at_once(tmp_path):
    path = tmp_path / "flash.bin"
    flash = Flash(path)
    flash.write(SIZE - 3, b"end")
    assert path.stat().st_size == SIZE
    assert path.read_bytes()[-3:] == b"end"
    assert Flash(path).read(SIZE - 3, 3) == b"end"


def test_operations_take_time_unless_fast():
    assert Flash(fast=True).busy(erased=1) is None
    waiting = Flash(fast=False).busy(erased=1, written=SECTOR)
    assert waiting is not None
    waiting.close()


@pytest.mark.parametrize(("mode", "first"), [("before", b"\xff"), ("after", b"\0")])
def test_cut_at_a_write(flash, mode, first):
    flash.plan(2, mode)
    flash.write(0, b"kept")
    with pytest.raises(PowerFailure):
        flash.write(100, bytes(8))
    assert flash.read(0, 4) == b"kept"
    assert flash.read(100, 8) == first * 8
    flash.write(200, b"again")  # power is back at the next start
    assert flash.read(200, 5) == b"again"


def test_torn_operations_leave_a_start_of_every_length():
    lengths = set()
    for seed in range(200):
        flash = Flash(chance=random.Random(seed))
        flash.plan(1, "torn")
        with pytest.raises(PowerFailure):
            flash.write(0, bytes(8))
        left = flash.read(0, 8)
        done = len(left) - len(left.lstrip(b"\0"))
        assert set(left[done + 1 :]) <= {0xFF}  # at most one byte is neither old nor new
        lengths.add(done)
    assert lengths == set(range(9))


def test_torn_erase_keeps_the_end_of_the_sector():
    flash = Flash(chance=random.Random(3))
    flash.burn(0, bytes(SECTOR))
    flash.plan(1, "torn")
    with pytest.raises(PowerFailure):
        flash.erase(0)
    left = flash.read(0, SECTOR)
    done = len(left) - len(left.lstrip(b"\xff"))
    assert 0 < done < SECTOR
    assert set(left[done + 1 :]) == {0}


def test_unknown_mode(flash):
    with pytest.raises(UsageError, match="torn"):
        flash.plan(1, "sideways")


def test_table_equals_that_of_esp_idf():
    table = partitions.binary(partitions.CSV.read_text())
    assert len(table) == partitions.TABLE_BYTES
    assert table[:32] == NVS_ROW
    rows = 6 * 32
    assert table[rows : rows + 16] == b"\xeb\xeb" + b"\xff" * 14
    assert table[rows + 16 : rows + 32] == hashlib.md5(table[:rows]).digest()
    assert set(table[rows + 32 :]) == {0xFF}


def rows(board):
    return [(p.name, p.type, p.subtype, p.offset, p.size) for p in board.parts.all]


def test_table_of_our_image():
    board = Board()
    assert rows(board) == [
        ("nvs", 1, 2, 0x9000, 0x4000),
        ("otadata", 1, 0, 0xD000, 0x2000),
        ("phy_init", 1, 1, 0xF000, 0x1000),
        ("ota_0", 0, 16, 0x10000, 0x190000),
        ("ota_1", 0, 17, 0x1A0000, 0x190000),
        ("vfs", 1, 129, 0x330000, 0xD0000),
    ]
    assert board.parts.all[-1].offset + board.parts.all[-1].size == SIZE


def test_table_equals_that_of_micropython_with_one_slot():
    assert rows(Board(csv=partitions.MICROPYTHONS_CSV)) == [
        ("nvs", 1, 2, 0x9000, 0x6000),
        ("phy_init", 1, 1, 0xF000, 0x1000),
        ("factory", 0, 0, 0x10000, 0x1F0000),
        ("vfs", 1, 129, 0x200000, 0x200000),
    ]


@pytest.mark.parametrize(
    "csv",
    [
        "a,app,ota_0,0x10000,0x500000",
        "a,app,ota_0,0x10000,1M\nb,app,ota_1,0x20000,1M",
        "a,app,ota_0,0x10001,1M",
    ],
)
def test_bad_table_is_refused(csv):
    with pytest.raises(UsageError, match="partition table"):
        partitions.binary(csv)


def test_layout_without_slots():
    board = Board()
    board.flash.burn(
        partitions.TABLE_AT, partitions.binary(partitions.MICROPYTHONS_CSV.read_text())
    )
    assert board.start() == flashed.OLD
    assert board.boot.running.name == "factory"
    for name, args, error in (
        ("part.next", (0x10000,), (2,)),
        ("part.mark_valid", (), (-261, "ESP_ERR_NOT_FOUND")),
        ("part.set_boot", (0x10000,), (-261, "ESP_ERR_NOT_FOUND")),
    ):
        with pytest.raises(DeviceError) as refused:
            board.calls[name](*args)
        assert refused.value.arguments == error
    assert board.boot.report()["otadata"] == []
