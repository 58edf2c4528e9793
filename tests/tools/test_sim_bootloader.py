"""Simulated bootloader: selection and rollback; tests/faults cuts the power in them."""

import random

import partitions
import pytest
from errors import DeviceError
from esp_idf_defs import OtaDataSelectEntry
from flashchip import SECTOR
from flashed import OLD, UPDATE, Board
from otadata import ABORTED, INVALID, NEW, PENDING, VALID, crc_of

OTADATA = 0xD000
THREE_CSV = """
nvs,      data, nvs,     0x9000,   0x4000
otadata,  data, ota,     0xd000,   0x2000
factory,  app,  factory, 0x10000,  1M
ota_0,    app,  ota_0,   0x110000, 1M
ota_1,    app,  ota_1,   0x210000, 1M
"""
FIRST_ENTRY = bytes.fromhex("01000000" + "ff" * 20 + "02000000" + "9a984347")  # seq 1, valid


@pytest.fixture
def board():
    """Return a board after one start with an update in ota_1 that is not yet selected."""
    board = Board()
    assert board.start() == OLD
    board.burn("ota_1")
    return board


def test_first_start_records_the_slot(board):
    assert board.flash.read(OTADATA, 32) == FIRST_ENTRY
    assert board.boot.report() == {
        "running": "ota_0",
        "boot": "ota_0",
        "otadata": [{"seq": 1, "label": "", "state": VALID, "crc_ok": True}, None],
    }
    assert crc_of(1) == 0x4743989A


def test_entries_can_be_read_by_esp_idf_defs(board):
    board.set_boot("ota_1")
    entries = [board.flash.read(OTADATA + n * SECTOR, 32) for n in range(2)]
    read = [OtaDataSelectEntry.from_bytes(entry) for entry in entries]
    assert [(entry.seq, entry.ota_state) for entry in read] == [(1, VALID), (2, NEW)]


def test_update_is_pending_until_confirmed(board):
    board.set_boot("ota_1")
    assert board.boot.report()["boot"] == "ota_1"
    assert board.boot.report()["running"] == "ota_0"
    assert board.start() == UPDATE
    assert board.states() == [(1, VALID), (2, PENDING)]
    board.confirm()
    assert board.states() == [(1, VALID), (2, VALID)]
    assert board.start() == board.start() == UPDATE


def test_unconfirmed_update_is_rolled_back(board):
    board.set_boot("ota_1")
    assert [board.start(), board.start(), board.start()] == [UPDATE, OLD, OLD]
    assert board.states() == [(1, VALID), (2, ABORTED)]
    board.set_boot("ota_1")  # can be selected again
    assert board.start() == UPDATE


def test_confirming_after_another_selection_confirms_the_selected_image(board):
    board.set_boot("ota_1")
    assert board.start() == UPDATE
    board.set_boot("ota_0")
    board.confirm()
    assert board.states() == [(3, VALID), (2, PENDING)]
    assert board.start() == OLD
    assert board.states() == [(3, VALID), (2, ABORTED)]


def test_sequence_numbers_increase(board):
    for count in range(1, 6):
        for label, version in (("ota_1", UPDATE), ("ota_0", OLD)):
            board.set_boot(label)
            assert board.start() == version
            board.confirm()
        assert max(seq for seq, _ in board.states()) == 2 * count + 1


def test_damaged_image_is_skipped(board):
    board.set_boot("ota_1")
    board.flash.burn(board.slot("ota_1").offset + 5_000, b"\0" * 64)
    assert board.start() == OLD
    assert board.boot.running.name == "ota_0"
    board.burn("ota_1", "v3.0.0")
    board.flash.burn(board.slot("ota_0").offset, b"\0" * 64)
    assert board.start() == "v3.0.0"


def test_nothing_to_start(board):
    board.flash.erase(board.slot("ota_0").offset)
    board.flash.erase(board.slot("ota_1").offset)
    assert board.start() is None
    board.burn("ota_1")
    assert board.start() == UPDATE


def test_both_entries_unusable(board):
    board.set_boot("ota_1")
    for damage in (b"\0" * 32, random.Random(7).randbytes(32)):
        for sector in range(2):
            board.flash.burn(OTADATA + sector * SECTOR, damage)
        assert board.start() == OLD
        assert board.states()[0] == (1, VALID)
        assert board.start() == OLD


def test_both_images_failed(board):
    board.set_boot("ota_1")
    board.boot.otadata.mark(0, INVALID)
    board.boot.otadata.mark(1, ABORTED)
    assert board.start() == OLD


def test_set_boot_refuses_invalid_images(board):
    before = board.flash.read(OTADATA, 2 * SECTOR)
    board.flash.burn(board.slot("ota_1").offset + 300, b"\0")
    for address in (board.slot("ota_1").offset, 0x330000, 0x9000):
        with pytest.raises(DeviceError) as refused:
            board.calls["part.set_boot"](address)
        assert refused.value.arguments == (-5379, "ESP_ERR_OTA_VALIDATE_FAILED")
    assert board.flash.read(OTADATA, 2 * SECTOR) == before


def test_factory_image():
    """It starts first, is the fallback, and is selected by erasing `otadata`."""
    board = Board()
    board.flash.burn(partitions.TABLE_AT, partitions.binary(THREE_CSV))
    board.flash.burn(board.slot("ota_0").offset, b"\xff" * SECTOR)
    board.parts.load()
    board.burn("factory", OLD)
    board.burn("ota_0")
    assert board.start() == OLD
    assert board.states() == [None, None]
    board.set_boot("ota_0")
    assert board.start() == UPDATE
    board.confirm()
    board.set_boot("factory")
    assert board.states() == [None, None]
    assert board.boot.report()["boot"] == "factory"
    assert board.start() == OLD
    board.set_boot("ota_0")
    assert [board.start(), board.start()] == [UPDATE, OLD]
    assert board.boot.running.name == "factory"
