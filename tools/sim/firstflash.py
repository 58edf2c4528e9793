"""Initial contents of a new board's flash: a partition table and an image of MicroPython."""

from pathlib import Path

import appimage
import partitions


def write(flash, parts, csv, version, project="micropython"):
    """Write the initial contents, unless the flash already holds a partition table.

    The images that MicroPython offers for download have neither a version nor a project.
    """
    if parts.load():
        return
    flash.burn(partitions.TABLE_AT, partitions.binary(Path(csv).read_text()))
    parts.load()
    first = parts.first(partitions.APP)
    flash.burn(first.offset, appimage.make(version, project))
