"""ESP-IDF's second-stage bootloader with rollback, and the application's esp_ota_ops."""

import sys

import appimage
from errors import os_error
from otadata import ABORTED, NEW, PENDING, VALID, OtaData
from partitions import APP, DATA, FACTORY, INVALID_ARG, OTA_0, OTADATA, TEST, row

BOOT, RUNNING = 0, 1  # as in esp32.Partition
ENOENT = 2
FAIL = (-1, "ESP_FAIL")
NOT_FOUND = (-261, "ESP_ERR_NOT_FOUND")
VALIDATE_FAILED = (-5379, "ESP_ERR_OTA_VALIDATE_FAILED")


class Bootloader:
    """Selects an image according to `otadata`; `running` is the partition it started."""

    def __init__(self, flash, partitions):
        self._flash = flash
        self._partitions = partitions
        self.running = None
        self.image = None

    def start(self):
        """Select the image to run; return it, or None if no image is bootable."""
        self._partitions.load()
        self.running, self.image = None, None
        for part, blank in self._candidates():
            try:
                self.image = self.verify(part)
            except appimage.ImageError as exc:
                print(f"E boot: {part.name}: {exc}", file=sys.stderr)
                continue
            self.running = part
            if blank and part.subtype >= OTA_0:
                self.otadata.write(0, part.subtype - OTA_0 + 1, VALID)
            break
        return self.image

    @property
    def otadata(self):
        """`OtaData` of the partition, or None if the table has none."""
        part = self._partitions.first(DATA, OTADATA)
        return part and OtaData(self._flash, part.offset)

    def verify(self, part):
        """Check the image in a partition; raise ImageError."""
        return appimage.verify(
            lambda at, size: self._flash.read(part.offset + at, size), part.size
        )

    def _candidates(self):
        """Return [(partition, otadata is blank)] in the order of the attempts."""
        slots = self._partitions.ota_slots()
        factory = self._partitions.first(APP, FACTORY)
        test = self._partitions.first(APP, TEST)
        chosen, blank = self._select(factory, slots)
        below = reversed(slots[:chosen]) if chosen >= 0 else ()
        order = [*slots[chosen : chosen + 1]] if chosen >= 0 else []
        order += [*below, factory, *slots[chosen + 1 :], test]
        return [(part, blank) for part in order if part]

    def _select(self, factory, slots):
        """Return the index of the first slot to try (-1: factory), and True if otadata is blank.

        An image that was started once and is still unconfirmed has failed.
        """
        data = self.otadata
        if not data or not slots:
            return -1 if factory else 0, False
        for number, entry in enumerate(data.entries()):
            if entry.state == PENDING:
                data.mark(number, ABORTED)
        active = data.active()
        if active is None:
            blank = not any(entry.intact for entry in data.entries())
            return (-1, False) if factory else (0, blank)
        entry = data.entries()[active]
        if entry.state == NEW:
            data.mark(active, PENDING)
        return (entry.seq - 1) % len(slots), False

    # Calls from the firmware (esp_ota_ops)

    def calls(self):
        return {
            "part.get": self._get,
            "part.set_boot": self._set_boot,
            "part.next": self._next,
            "part.mark_valid": self._mark_valid,
        }

    def boot(self):
        """Return the partition that esp_ota_get_boot_partition reports for the next start."""
        slots, data = self._partitions.ota_slots(), self.otadata
        active = data.active() if data and slots else None
        if active is not None:
            return slots[(data.entries()[active].seq - 1) % len(slots)]
        return self._partitions.first(APP, FACTORY) or next(iter(slots), None)

    def _get(self, which):
        if which == RUNNING:
            part = self.running
        elif which == BOOT:
            part = self.boot() if self.otadata else None
        else:
            find = self._partitions.first
            part = find(APP, label=which) or find(DATA, label=which)
        if not part:
            raise os_error(ENOENT)
        return row(part)

    def _next(self, address):
        slots = self._partitions.ota_slots()
        if not slots:
            raise os_error(ENOENT)
        here = [number for number, part in enumerate(slots) if part.offset == address]
        return row(slots[(here[0] + 1) % len(slots)] if here else slots[0])

    def _set_boot(self, address):
        part = self._partitions.at(address)
        try:
            self.verify(part)
        except appimage.ImageError as exc:
            print(f"E esp_image: {part.name}: {exc}", file=sys.stderr)
            raise os_error(*VALIDATE_FAILED) from None
        if part.type != APP:
            raise os_error(*INVALID_ARG)
        if not self.otadata:
            raise os_error(*NOT_FOUND)
        if part.subtype == FACTORY:
            self.otadata.erase()
            return self._flash.busy(erased=2)
        slots = self._partitions.ota_slots()
        if not 0 <= part.subtype - OTA_0 < len(slots):
            raise os_error(*INVALID_ARG)
        self.otadata.choose(part.subtype - OTA_0, len(slots))
        return self._flash.busy(erased=1, written=32)

    def _mark_valid(self):
        """Confirm the active entry, even if it is not that of the running image."""
        data = self.otadata
        if not data:
            raise os_error(*NOT_FOUND)
        active = data.active()
        if active is None or not self._partitions.ota_slots():
            raise os_error(*FAIL)
        if data.entries()[active].state == VALID:
            return None
        data.mark(active, VALID)
        return self._flash.busy(erased=1, written=32)

    # Control requests

    def report(self):
        data = self.otadata
        return {
            "running": self.running and self.running.name,
            "boot": (part := self.boot()) and part.name,
            "otadata": [_fields(entry) for entry in data.entries()] if data else [],
        }


def _fields(entry):
    """Return the fields of an entry, or None if its sector is blank."""
    if not entry.intact and entry.seq == 0xFFFFFFFF:
        return None
    label = entry.label.rstrip(b"\xff\0").decode("latin-1")
    return {"seq": entry.seq, "label": label, "state": entry.state, "crc_ok": entry.intact}
