"""Update in a file: its kind, its integrity and its signature."""

import hashlib
import io
import zipfile
from pathlib import Path

import bytecode
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from update.errors import UpdateError

from proto import signature
from proto.espimage import HEAD_BYTES, Description, ImageParser, title

BLOCKS = (signature.HEAD, signature.HEAD + 256, signature.HEAD + 384)
SLOT_BYTES = 0x190000  # in config/partitions.csv


class Update:
    """Complete firmware image or application archive, signed or not.

    Raises UpdateError for any other data.
    """

    def __init__(self, data, path=""):
        self.path = str(path)
        if data.startswith(b"PK"):
            self._read_archive(data)
        else:
            self._read_image(data)
        known = len(self.block) >= signature.HEAD and signature.size_of(self.block)
        if self.block and (known != len(self.block) or self.block[12:44] != self.digest):
            raise UpdateError(
                f"{path}: {len(self.block)} bytes follow the update, or it is damaged"
            )

    def _read_archive(self, data):
        ends = [n for n in BLOCKS if n == signature.size_of(data[-n:][: signature.HEAD])]
        at = len(data) - sum(ends)
        self.body, self.block = data[:at], data[at:]
        self.digest = hashlib.sha256(self.body).digest()
        try:
            with zipfile.ZipFile(io.BytesIO(self.body)) as archive:
                head = archive.read("update.txt").decode().split()
                self.segments = len(archive.namelist())
            self.project, self.version, number = head
            self.kind = str(bytecode.Bytecode.of(int(number)))
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise UpdateError(f"{self.path} is not an update: {error}") from None
        if not self.block:
            self.block = signature.MAGIC + bytes(4) + self.digest

    def _read_image(self, data):
        path = self.path
        self.kind = None
        try:
            described = Description(data[:HEAD_BYTES])
            parser = ImageParser()
            size = parser.feed(memoryview(data))
        except ValueError as error:
            raise UpdateError(f"{path}: {error}") from None
        if not parser.whole:
            raise UpdateError(f"{path}: cut off after {len(data)} bytes")
        self.project, self.version = described.project, described.version
        self.body = data[:size]
        self.block = data[size:]
        self.digest = parser.digest
        self.segments = data[1]

    @classmethod
    def read(cls, path):
        """Return the update in a file."""
        return cls(Path(path).read_bytes(), path)

    @property
    def data(self):
        """Return the bytes to send to a camera."""
        return self.body + self.block

    @property
    def name(self):
        """Return the project and the version, for people."""
        return title(self.project, self.version)

    @property
    def is_signed(self):
        """Return true if the block contains a signature."""
        return len(self.block) > signature.HEAD

    def facts(self):
        """Yield (name, value) pairs for people."""
        yield "project", self.project or "none, as in MicroPython's own images"
        yield "version", self.version or "none"
        if self.kind:
            yield "bytecode", self.kind
            yield "size", f"{len(self.body):,} bytes in {self.segments} files"
            yield "flash", f"{-(-len(self.body) // 4_096)} blocks of 4 KB, plus 4 spare ones"
        else:
            yield "chip", "ESP32"
            yield "size", f"{len(self.body):,} bytes in {self.segments} segments"
            fits = len(self.body) <= SLOT_BYTES
            yield "slot", "fits" if fits else f"too large for {SLOT_BYTES:,} bytes"
        yield "SHA-256", self.digest.hex()
        bits = 8 * (len(self.block) - signature.HEAD)
        yield "signature", f"RSA of {bits} bits" if self.is_signed else "none"

    def sign(self, key):
        """Append a signature (PKCS #1 v1.5, RFC 8017 section 8.2), or replace the present one."""
        made = key.sign(self.digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
        self.block = signature.MAGIC + len(made).to_bytes(2, "little") + b"\0\0"
        self.block += self.digest + made

    def verify(self, key):
        """Raise UpdateError unless the update is signed with the key of this public key."""
        if not self.is_signed:
            raise UpdateError(f"{self.path}: not signed")
        if not signature.verified(self.block, self.digest, key):
            raise UpdateError(f"{self.path}: signed with another key")
