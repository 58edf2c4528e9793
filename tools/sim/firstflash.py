"""What a new board's flash holds: a partition table and an image of MicroPython."""

import appimage
import partitions


def write(flash, parts, version):
    """Fill a flash that holds no partition table; one that does stays as it is."""
    if parts.load():
        return
    flash.burn(partitions.TABLE_AT, partitions.binary(partitions.CSV.read_text()))
    parts.load()
    first = parts.first(partitions.APP)
    flash.burn(first.offset, appimage.make(version))
