"""Simulated flash with two images, run in-process for tests of the bootloader."""

import random

import appimage
import firstflash
import partitions
from bootloader import Bootloader
from flashchip import Flash
from partitions import APP, Partitions

OLD, UPDATE = "v1.0.0", "v2.0.0"
MODES = ("before", "torn", "after")  # of a power cut at an operation of the flash


class Board:
    """Flash, partitions and bootloader without an interpreter; `start` is a restart."""

    def __init__(self, cells=None, seed=0, csv=None):
        self.flash = Flash(chance=random.Random(seed))
        if cells:
            self.flash.burn(0, cells)
        self.parts = Partitions(self.flash)
        firstflash.write(self.flash, self.parts, csv or partitions.CSV, OLD)
        self.boot = Bootloader(self.flash, self.parts)
        self.calls = self.boot.calls()

    def start(self):
        """Restart the board; return the running version, or None."""
        found = self.boot.start()
        return found and found.version

    def cells(self):
        return self.flash.read(0, 1 << 22)

    def slot(self, label):
        return self.parts.first(APP, label=label)

    def burn(self, label, version=UPDATE, **more):
        """Write an image into a slot without counting operations."""
        self.flash.burn(self.slot(label).offset, appimage.make(version, **more))

    def set_boot(self, label):
        self.calls["part.set_boot"](self.slot(label).offset)

    def confirm(self):
        self.calls["part.mark_valid"]()

    def states(self):
        """Return (sequence, state) of both entries, or None for a blank one."""
        shown = self.boot.report()["otadata"]
        return [entry and (entry["seq"], entry["state"]) for entry in shown]
