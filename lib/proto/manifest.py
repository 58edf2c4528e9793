"""The manifest of a release: `manifest.json` of `make release`.

A JSON object with format, project, version, min_version, summary, url and files. Each of the files
has kind, name, size, sha256 and signed, and those of the kind `application` also bytecode. Other
keys are ignored.
"""

import json
from binascii import unhexlify

from micropython import const

from config import limits
from proto.uri import parse_url
from proto.values import BadArgument

FORMAT = const(1)
FIRMWARE, APPLICATION = "firmware", "application"  # kinds of updates, the preferred one first

_ARCHITECTURES = (
    "none x86 x64 armv6 armv6m armv7m armv7em armv7emsp armv7emdp xtensa xtensawin rv32imc rv64imc"
)
_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-"
_VERSION_CHARS, _NAME_CHARS, _URL_CHARS = const(31), const(80), const(255)


class BadManifest(ValueError):
    """The manifest cannot be used; the message says why."""


class Manifest:
    """`version`, `min_version`, `summary` and `url` (each may be ""), and `files`, its updates."""

    def __init__(self, data, project):
        """Parse the JSON text (bytes) of a project's manifest; raises BadManifest."""
        found = _parsed(data)
        if found.get("format") != FORMAT:
            raise BadManifest("this firmware cannot read the format of the manifest")
        if found.get("project") != project:
            raise BadManifest("the manifest is of another project")
        self.version = _plain(found, "version", _VERSION_CHARS)
        self.min_version = _plain(found, "min_version", _VERSION_CHARS, optional=True)
        self.summary = _summary(found)
        self.url = _page(found)
        rows = found.get("files")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BadManifest("the manifest has no files")
        kinds = FIRMWARE, APPLICATION
        self.files = [File(row) for row in rows if row.get("kind") in kinds]

    def file_for(self, room_bytes, bytecode, signed):
        """Return the File for a board: the whole firmware, else the application.

        room_bytes: largest firmware that the board can replace its own by, or 0. bytecode: the
        name of the board's bytecode. signed: only a signed file. Raises BadManifest.
        """
        for kind in (FIRMWARE, APPLICATION):
            for file in self.files:
                fits = file.size <= room_bytes if kind == FIRMWARE else file.bytecode == bytecode
                if file.kind == kind and fits and (file.signed or not signed):
                    return file
        text = "{} has no {}file for this camera: a firmware of at most {} bytes, or bytecode {}"
        raise BadManifest(
            text.format(self.version, "signed " if signed else "", room_bytes, bytecode)
        )


class File:
    """`kind`, `name`, `size`, `digest` (SHA-256), `bytecode` (or "") and `signed` of a file."""

    def __init__(self, row):
        self.kind = row["kind"]
        self.name = _plain(row, "name", _NAME_CHARS)
        self.size = row.get("size")
        if not isinstance(self.size, int) or not 0 < self.size <= limits.HTTP_UPLOAD_BYTES:
            raise BadManifest("the manifest has no valid size of " + self.name)
        self.digest = _digest(row.get("sha256"))
        self.bytecode = _plain(row, "bytecode", _VERSION_CHARS, optional=True)
        self.signed = row.get("signed") is True
        if self.name[0] == ".":
            raise BadManifest("the manifest has no valid name of a file")


def bytecode_name(number):
    """Return the name of a bytecode, such as `xtensawin-6.3`, from sys.implementation._mpy."""
    names, architecture = _ARCHITECTURES.split(), number >> 10 & 15
    name = names[architecture] if architecture < len(names) else str(architecture)
    return "{}-{}.{}".format(name, number & 255, number >> 8 & 3)


def _parsed(data):
    try:
        found = json.loads(data)
    except ValueError:  # also bytes that are not UTF-8
        found = None
    if not isinstance(found, dict):
        raise BadManifest("the manifest is not a JSON object")
    return found


def _plain(found, key, most, optional=False):
    """Return a text of 1 to `most` letters, digits and `._+-`; "" if it may be and is missing."""
    value = found.get(key)
    if optional and value is None:
        return ""
    is_text = isinstance(value, str) and 0 < len(value) <= most
    if not is_text or any(c not in _PLAIN for c in value):
        raise BadManifest("the manifest has no valid " + key)
    return value


def _summary(found):
    """Return the summary; what UTF-8 or a hub cannot represent becomes a space."""
    text = found.get("summary")
    if text is None:
        return ""
    if not isinstance(text, str):
        raise BadManifest("the manifest has no valid summary")
    text = text[: limits.UPDATE_SUMMARY_CHARS + 1]  # one more shows that it is cut
    return "".join(c if _is_printable(ord(c)) or c == "\n" else " " for c in text)


def _is_printable(code):
    return code >= 32 and code != 127 and not 0xD800 <= code < 0xE000


def _page(found):
    """Return the address of the release's page, or ""."""
    url = found.get("url")
    if url is None:
        return ""
    try:
        if isinstance(url, str) and len(url) <= _URL_CHARS and parse_url(url):
            return url
    except BadArgument:
        pass
    raise BadManifest("the manifest has no valid url")


def _digest(text):
    try:
        digest = unhexlify(text) if isinstance(text, str) else b""
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise BadManifest("the manifest has no valid sha256")
    return digest
