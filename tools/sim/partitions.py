"""The partition table in flash, and what `esp32.Partition` reads and writes through it."""

from pathlib import Path

from errors import UsageError, os_error
from esp_idf_defs.partitions import InputError, PartitionTable
from flashchip import SECTOR, SIZE

CSV = Path(__file__).resolve().parents[2] / "config" / "partitions.csv"
TABLE_AT = 0x8000
TABLE_BYTES = 0xC00
APP, DATA = 0, 1
FACTORY, OTA_0, TEST = 0x00, 0x10, 0x20  # subtypes of APP
OTADATA, NVS = 0, 2  # subtypes of DATA
INVALID_ARG = (-258, "ESP_ERR_INVALID_ARG")
INVALID_SIZE = (-260, "ESP_ERR_INVALID_SIZE")


def binary(csv):
    """The partition table of ESP-IDF's text format as it stands in flash."""
    try:
        table = PartitionTable.from_csv(csv)
        table.verify(TABLE_AT)
        table.verify_size_fits(SIZE)
        return table.to_binary()
    except InputError as exc:
        raise UsageError(f"partition table: {exc}") from None


class Partitions:
    """Reads, writes and erases inside partitions, with ESP-IDF's checks."""

    def __init__(self, flash):
        self._flash = flash
        self.all = []

    def load(self):
        """Read the table from flash, as the chip does at its start; False where there is none."""
        try:
            self.all = list(PartitionTable.from_binary(self._flash.read(TABLE_AT, TABLE_BYTES)))
        except InputError:
            self.all = []
        return bool(self.all)

    def find(self, kind, subtype=None, label=None):
        """The partitions of a type, by subtype and label where these are given."""
        return [
            part
            for part in self.all
            if part.type == kind and subtype in (None, part.subtype) and label in (None, part.name)
        ]

    def first(self, kind, subtype=None, label=None):
        return next(iter(self.find(kind, subtype, label)), None)

    def ota_slots(self):
        """The slots ota_0, ota_1, ... without a gap."""
        slots = []
        while part := self.first(APP, OTA_0 + len(slots)):
            slots.append(part)
        return slots

    def at(self, address):
        """The partition that holds an address of the flash."""
        for part in self.all:
            if part.offset <= address < part.offset + part.size:
                return part
        raise os_error(*INVALID_ARG)

    # What the firmware asks: partitions go by their addresses in flash

    def calls(self):
        return {"part.find": self._find, "part.erase": self._erase}

    def _find(self, kind, subtype, label):
        return [row(part) for part in self.find(kind, None if subtype == 0xFF else subtype, label)]

    def _erase(self, address, size):
        """Erase whole sectors of a partition: the first error counts, then nothing is erased."""
        if size % SECTOR:
            raise os_error(*INVALID_SIZE)
        if address % SECTOR:
            raise os_error(*INVALID_ARG)
        for at in range(address, address + size, SECTOR):
            self._flash.erase(at)
        return self._flash.busy(erased=size // SECTOR)

    def read(self, low, high, size):
        """Bytes of an address of 24 bits; the size is itself given as bytes."""
        return self._flash.read(low | high << 8, int.from_bytes(size, "little"))

    def write(self, low, high, data):
        self._flash.write(low | high << 8, data)
        return self._flash.busy(written=len(data))


def row(part):
    """What `Partition.info()` tells."""
    return [part.type, part.subtype, part.offset, part.size, part.name, bool(part.encrypted)]
