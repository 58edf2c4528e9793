"""An update in a file: what it is, whether it is whole, and its signature."""

import hashlib
import io
import tarfile
from pathlib import Path

import bytecode
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from update.errors import UpdateError

from proto import signature
from proto.espimage import HEAD_BYTES, Description, ImageParser

BLOCKS = (signature.HEAD, signature.HEAD + 256, signature.HEAD + 384)
SLOT_BYTES = 0x180000  # of MicroPython's layout for 4 MB with two slots


class Update:
    """A firmware image or an application, whole, with or without a signature behind it."""

    def __init__(self, data, path=""):
        self.path = str(path)
        if data[257:262] == b"ustar":
            self._read_archive(data)
        else:
            self._read_image(data)
        known = len(self.block) >= signature.HEAD and signature.size_of(self.block)
        if self.block and (known != len(self.block) or self.block[12:44] != self.digest):
            raise UpdateError(f"{path}: {len(self.block)} bytes follow, or it is damaged")

    def _read_archive(self, data):
        ends = [n for n in BLOCKS if n == signature.size_of(data[-n:][: signature.HEAD])]
        at = len(data) - sum(ends)
        self.body, self.block = data[:at], data[at:]
        self.digest = hashlib.sha256(self.body).digest()
        try:
            with tarfile.open(fileobj=io.BytesIO(self.body)) as archive:
                told = archive.extractfile(archive.next()).read().decode().split()
                self.segments = len(archive.getmembers())
            self.project, self.version, number = told
            self.kind = str(bytecode.Bytecode.of(int(number)))
        except (tarfile.TarError, ValueError, AttributeError) as error:
            raise UpdateError(f"{self.path}: no update: {error}") from None
        if not self.block:
            self.block = signature.MAGIC + bytes(4) + self.digest

    def _read_image(self, data):
        path = self.path
        self.kind = None
        try:
            told = Description(data[:HEAD_BYTES])
            parser = ImageParser()
            size = parser.feed(memoryview(data))
        except ValueError as error:
            raise UpdateError(f"{path}: {error}") from None
        if not parser.whole:
            raise UpdateError(f"{path}: cut off after {len(data)} bytes")
        self.project, self.version = told.project, told.version
        self.body = data[:size]
        self.block = data[size:]
        self.digest = parser.digest
        self.segments = data[1]

    @classmethod
    def read(cls, path):
        return cls(Path(path).read_bytes(), path)

    @property
    def data(self):
        """What a camera is sent."""
        return self.body + self.block

    @property
    def name(self):
        return f"{self.project} {self.version}"

    @property
    def is_signed(self):
        return len(self.block) > signature.HEAD

    def facts(self):
        """(name, value) pairs for people."""
        yield "project", self.project
        yield "version", self.version
        if self.kind:
            yield "bytecode", self.kind
            yield "size", f"{len(self.body):,} bytes in {self.segments} files"
            yield "flash", f"{-(-len(self.body) // 4_096)} blocks of 4 KB, and 4 to work with"
        else:
            yield "chip", "ESP32"
            yield "size", f"{len(self.body):,} bytes in {self.segments} segments"
            fits = len(self.body) <= SLOT_BYTES
            yield "slot", "fits" if fits else f"too big for {SLOT_BYTES:,} bytes"
        yield "SHA-256", self.digest.hex()
        bits = 8 * (len(self.block) - signature.HEAD)
        yield "signature", f"RSA of {bits} bits" if self.is_signed else "none"

    def sign(self, key):
        """Put a signature behind it, in the place of one that is there."""
        made = key.sign(self.digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
        self.block = signature.MAGIC + len(made).to_bytes(2, "little") + b"\0\0"
        self.block += self.digest + made

    def verify(self, key):
        """Raise UpdateError unless this public key's owner has signed it."""
        if not self.is_signed:
            raise UpdateError(f"{self.path}: not signed")
        if not signature.verified(self.block, self.digest, key):
            raise UpdateError(f"{self.path}: signed with another key")
