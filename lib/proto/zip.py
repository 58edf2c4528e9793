"""Headers of a ZIP archive (PKWARE APPNOTE 6.3.10), read as strictly as an update requires."""

from struct import unpack_from

from micropython import const

from config import limits

STORED, DEFLATED = const(0), const(8)  # methods
FILE, ENTRY, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"  # signatures: 4.3.7, 4.3.12, 4.3.16
FILE_BYTES, ENTRY_BYTES, END_BYTES = const(30), const(46), const(22)  # without the name
_SIZES = {FILE: FILE_BYTES, ENTRY: ENTRY_BYTES, END: END_BYTES}
_COMMON = {FILE: 6, ENTRY: 8}  # offset of the fields that both headers of a file have
_KINDS = (".mpy", ".gz", ".html", ".json", ".txt")
_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"


class BadArchive(ValueError):
    """The archive cannot be used; the message says why."""


def is_archive(head):
    """Return True if an archive begins with these bytes."""
    return bytes(head[:4]) == FILE


class Header:
    """A header, fed in pieces of any size: of a file, of its entry in the directory, or the END.

    `kind` is its signature. A file and its entry have `name`, `method`, `packed` (bytes in the
    archive) and `size` (bytes of the file); an entry has `offset`, where the file's header is.
    The END has `files` (their number) and `offset`, where the directory begins.
    """

    def __init__(self):
        self._bytes = bytearray()

    def feed(self, view):
        """Take what belongs to the header; return the number of bytes. Raises BadArchive."""
        taken = 0
        missing = self._missing()
        while missing and taken < len(view):
            part = view[taken : taken + missing]
            self._bytes.extend(part)
            taken += len(part)
            missing = self._missing()
        if not missing:
            self._parse()
        return taken

    @property
    def complete(self):
        return not self._missing()

    def matches(self, other):
        """Return True if this header of a file and `other` describe the same one."""
        mine = self.name, self.method, self.packed, self.size
        return mine == (other.name, other.method, other.packed, other.size)

    def _missing(self):
        """Return how many bytes are missing, as far as the present ones tell."""
        got = len(self._bytes)
        if got < 4:
            return 4 - got
        self.kind = bytes(self._bytes[:4])
        size = _SIZES.get(self.kind)
        if not size:
            raise BadArchive("the archive is damaged")
        if got >= size and self.kind != END:
            name_size = self._field("<H", _COMMON[self.kind] + 20)
            if name_size > limits.ARCHIVE_NAME_BYTES:
                raise BadArchive("the archive contains an invalid file name")
            size += name_size
        return size - got

    def _field(self, form, at):
        return unpack_from(form, self._bytes, at)[0]

    def _parse(self):
        if self.kind == END:
            self.files, self.offset = self._field("<H", 10), self._field("<I", 16)
            extra = self._field("<H", 20)
        else:
            extra = self._parse_common(_COMMON[self.kind])
        if self.kind == ENTRY:
            extra |= self._field("<H", 32)
            self.offset = self._field("<I", 42)
        if extra:
            raise BadArchive("the archive has extra fields or a comment; pack it with make app")

    def _parse_common(self, at):
        flags, self.method = unpack_from("<HH", self._bytes, at)
        self.packed, self.size, _, extra = unpack_from("<IIHH", self._bytes, at + 12)
        if flags or self.method not in (STORED, DEFLATED):
            raise BadArchive("the archive has an unknown method or flag; pack it with make app")
        largest, limit = max(self.packed, self.size), limits.ARCHIVE_FILE_BYTES
        if largest > limit:
            text = "the archive contains a file of {} bytes; at most {} are allowed"
            raise BadArchive(text.format(largest, limit))
        if self.method == STORED and self.packed != self.size:
            raise BadArchive("the archive is damaged")
        self.name = _text(self._bytes[_SIZES[self.kind] :])
        return extra


def is_safe(name):
    """Return True for a name that stays inside the archive's folder and is of a known kind."""
    parts = name.split("/")
    return (
        2 <= len(parts) <= 5
        and len(name) <= limits.ARCHIVE_NAME_BYTES
        and any(name.endswith(kind) for kind in _KINDS)
        and all(part and part[0] != "." and all(c in _PLAIN for c in part) for part in parts)
    )


def _text(raw):
    if any(not 32 < c < 127 for c in raw):
        raise BadArchive("the archive contains an invalid file name")
    return bytes(raw).decode()
