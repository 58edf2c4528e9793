"""What the first bytes of an image say, and whether it may be written; `of` is the Updater."""

from proto.espimage import LOOK, Description, older


def running(of):
    """The Description of the image that runs."""
    head = bytearray(LOOK)
    of.flash().running().readinto(0, head)
    return Description(head)


def allowed(of, head, total, room):
    """(project, version) of an image that may follow the one that runs; else ValueError."""
    told, ours = Description(head), running(of)
    if total > room:
        raise ValueError("too big: {} bytes, {} fit".format(total, room))
    if told.project != ours.project:
        raise ValueError("{} is another project than {}".format(told.project, ours.project))
    if not of.force:
        if told.version.encode() == of.nvs.get_blob("OTA_FAILED", b""):
            raise ValueError(told.version + " has failed already")
        if older(told.version, ours.version):
            raise ValueError("{} is older than {}".format(told.version, ours.version))
        if told.elf == ours.elf and any(ours.elf):
            raise ValueError(told.version + " runs already")
    return told.project, told.version
