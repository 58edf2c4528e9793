"""Partition table in flash, and the operations behind `esp32.Partition`."""

from pathlib import Path

from errors import UsageError, os_error
from esp_idf_defs.partitions import InputError, PartitionTable
from flashchip import SECTOR, SIZE

CSV = Path(__file__).resolve().parents[2] / "config" / "partitions.csv"
MICROPYTHONS_CSV = Path(__file__).with_name("micropython.csv")  # without our image
TABLE_AT = 0x8000
TABLE_BYTES = 0xC00
APP, DATA = 0, 1
FACTORY, OTA_0, TEST = 0x00, 0x10, 0x20  # subtypes of APP
OTADATA, NVS = 0, 2  # subtypes of DATA
INVALID_ARG = (-258, "ESP_ERR_INVALID_ARG")
INVALID_SIZE = (-260, "ESP_ERR_INVALID_SIZE")


def binary(csv):
    """Return the binary partition table for ESP-IDF's CSV format; raise UsageError."""
    try:
        table = PartitionTable.from_csv(csv)
        table.verify(TABLE_AT)
        table.verify_size_fits(SIZE)
        return table.to_binary()
    except InputError as exc:
        raise UsageError(f"partition table: {exc}") from None


class Partitions:
    """Reads, writes and erases partitions, with ESP-IDF's checks."""

    def __init__(self, flash):
        self._flash = flash
        self.all = []

    def load(self):
        """Read the table from flash, as at a start of the chip; return False if there is none."""
        try:
            self.all = list(PartitionTable.from_binary(self._flash.read(TABLE_AT, TABLE_BYTES)))
        except InputError:
            self.all = []
        return bool(self.all)

    def find(self, kind, subtype=None, label=None):
        """Return the partitions of a type, filtered by subtype and label if given."""
        return [
            part
            for part in self.all
            if part.type == kind and subtype in (None, part.subtype) and label in (None, part.name)
        ]

    def first(self, kind, subtype=None, label=None):
        return next(iter(self.find(kind, subtype, label)), None)

    def ota_slots(self):
        """Return the slots ota_0, ota_1, ... up to the first gap."""
        slots = []
        while part := self.first(APP, OTA_0 + len(slots)):
            slots.append(part)
        return slots

    def at(self, address):
        """Return the partition that contains a flash address; raise OSError if there is none."""
        for part in self.all:
            if part.offset <= address < part.offset + part.size:
                return part
        raise os_error(*INVALID_ARG)

    # Calls from the firmware, which identifies partitions by their addresses

    def calls(self):
        return {"part.find": self._find, "part.erase": self._erase}

    def _find(self, kind, subtype, label):
        return [row(part) for part in self.find(kind, None if subtype == 0xFF else subtype, label)]

    def _erase(self, address, size):
        """Erase whole sectors; raise OSError before any erase if size or address is unaligned."""
        if size % SECTOR:
            raise os_error(*INVALID_SIZE)
        if address % SECTOR:
            raise os_error(*INVALID_ARG)
        for at in range(address, address + size, SECTOR):
            self._flash.erase(at)
        return self._flash.busy(erased=size // SECTOR)

    def write(self, low, high, data):
        self._flash.write(low | high << 8, data)
        return self._flash.busy(written=len(data))


def row(part):
    """Return the fields of `Partition.info()`."""
    return [part.type, part.subtype, part.offset, part.size, part.name, bool(part.encrypted)]
