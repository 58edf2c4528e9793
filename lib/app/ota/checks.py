"""What the first bytes of an image say, and whether it may be written; `of` is the Updater."""

from micropython import const

from aio.late import borrow
from proto.espimage import HEAD_BYTES, Description, older

_MOST_TAIL = const(428)  # of proto.signature


def running(of, flash=None):
    """The Description of the image that runs."""
    head = bytearray(HEAD_BYTES)
    (flash or of.flash()).running().readinto(0, head)
    return Description(head)


def allowed(of, head, total):
    """(slot, key, project, version) for an image that may be written; else ValueError."""
    flash = of.flash()
    told, ours, slot = Description(head), running(of, flash), flash.spare()
    if not slot:
        raise ValueError("this flash has one slot only")
    if total > slot.size_bytes + _MOST_TAIL:
        raise ValueError("too big: {} bytes, {} fit".format(total, slot.size_bytes))
    if told.project != ours.project:
        raise ValueError("{} is another project than {}".format(told.project, ours.project))
    if not of.force:
        if told.version.encode() == of.nvs.get_blob("OTA_FAILED", b""):
            raise ValueError(told.version + " has failed already")
        if older(told.version, ours.version):
            raise ValueError("{} is older than {}".format(told.version, ours.version))
        if told.elf == ours.elf and any(ours.elf):
            raise ValueError(told.version + " runs already")
    path = of.settings["otakey"]
    return slot, path and borrow("app.signing_key").read(path), told.project, told.version
