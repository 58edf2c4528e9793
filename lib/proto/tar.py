"""The records of a tar archive (POSIX ustar), as strict as an update of the application needs."""

RECORD = 512
_MOST_BYTES = 262_144  # of one file
_MOST_NAME = 80
_KINDS = (".mpy", ".gz", ".html", ".json", ".txt")
_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"


class BadArchive(ValueError):
    """The archive is not one that we would unpack; the message says why."""


def is_blank(record):
    """Whether a record has no bit set, as the last two of an archive."""
    return not any(record)


def member(record):
    """(name, size) of the plain file that a header announces; raises BadArchive."""
    if bytes(record[257:262]) != b"ustar" or _number(record[148:156]) != _checksum(record):
        raise BadArchive("the archive is damaged")
    if record[156] not in (0x30, 0):  # a plain file; no link, folder or device
        raise BadArchive("the archive holds something else than files")
    name = _text(record[:100])
    prefix = _text(record[345:500])
    size = _number(record[124:136])
    if size > _MOST_BYTES:
        raise BadArchive("a file of {} bytes".format(size))
    return (prefix + "/" if prefix else "") + name, size


def is_safe(name):
    """Whether a file of this name may be written below our folder."""
    parts = name.split("/")
    return (
        2 <= len(parts) <= 5
        and len(name) <= _MOST_NAME
        and any(name.endswith(kind) for kind in _KINDS)
        and all(part and part[0] != "." and all(c in _PLAIN for c in part) for part in parts)
    )


def _checksum(record):
    """The sum of a header's bytes, its own field taken as spaces."""
    return sum(record) - sum(record[148:156]) + 8 * 32


def _number(field):
    digits = bytes(field).strip(b" \0")
    if not digits or any(not 0x30 <= c <= 0x37 for c in digits):
        raise BadArchive("the archive is damaged")
    return int(digits, 8)


def _text(field):
    raw = bytes(field).split(b"\0")[0]
    if any(not 32 < c < 127 for c in raw):
        raise BadArchive("the archive has an odd name")
    return raw.decode()
