"""Headers of a tar archive (POSIX ustar), read as strictly as an application update requires."""

from config import limits

RECORD = 512
_KINDS = (".mpy", ".gz", ".html", ".json", ".txt")
_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"


class BadArchive(ValueError):
    """The archive cannot be used; the message says why."""


def is_archive(head):
    """Return True if an archive begins with these bytes."""
    return bytes(head[257:262]) == b"ustar"


def is_blank(record):
    """Return True for a record of zeros, which ends an archive."""
    return not any(record)


def member(record):
    """Return (name, size) of the file that a header describes; raises BadArchive."""
    if not is_archive(record) or _number(record[148:156]) != _checksum(record):
        raise BadArchive("the archive is damaged")
    if record[156] not in (0x30, 0):  # a regular file; no link, folder or device
        raise BadArchive("the archive contains something other than files")
    name = _text(record[:100])
    prefix = _text(record[345:500])
    size = _number(record[124:136])
    if size > limits.ARCHIVE_FILE_BYTES:
        raise BadArchive("the archive contains a file of {} bytes".format(size))
    return (prefix + "/" if prefix else "") + name, size


def is_safe(name):
    """Return True for a name that stays inside the archive's folder and is of a known kind."""
    parts = name.split("/")
    return (
        2 <= len(parts) <= 5
        and len(name) <= limits.ARCHIVE_NAME_BYTES
        and any(name.endswith(kind) for kind in _KINDS)
        and all(part and part[0] != "." and all(c in _PLAIN for c in part) for part in parts)
    )


def _checksum(record):
    """Return the sum of a header's bytes, its checksum field counted as spaces."""
    return sum(record) - sum(record[148:156]) + 8 * 32


def _number(field):
    digits = bytes(field).strip(b" \0")
    if not digits or any(not 0x30 <= c <= 0x37 for c in digits):
        raise BadArchive("the archive is damaged")
    return int(digits, 8)


def _text(field):
    raw = bytes(field).split(b"\0")[0]
    if any(not 32 < c < 127 for c in raw):
        raise BadArchive("the archive contains an invalid file name")
    return raw.decode()
