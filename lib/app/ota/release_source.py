"""An update from a release: the file in the manifest at `otaurl` that fits this board."""

import hashlib
import sys

from app.ota.http_source import HTTPSource
from config import product
from proto.espimage import older
from proto.manifest import bytecode_name
from proto.reasons import describe
from proto.signature import BLOCK_BYTES
from proto.uri import parse_url
from proto.values import BadArgument


class ReleaseSource:
    """Fetches the manifest, and then the file, which `install` writes (Updater.install).

    `reply(text)` answers the command `upgrade` if the manifest is refused. The firmware must be
    this project's to be replaced as a whole; where another one runs, or where there is no slot
    for it, the application is updated.
    """

    def __init__(
        self, url, connector, settings, log, report, flash, releases, reply, install, force
    ):
        self._url = url
        self._releases = releases
        self._connector = connector
        self._settings = settings
        self._flash = flash
        self._log = log
        self._report = report
        self._reply = reply
        self._install = install
        self._force = force

    async def run(self):
        try:
            manifest = await self._releases.fetch(self._url)
            file = self._chosen(manifest)
        except (OSError, ValueError, BadArgument) as e:
            await self._report.failed(e)
            await self._reply(describe(e))
            return

        async def install(read, total, force):
            return await self._install(Checked(read, file).read, file.size, force)

        url = parse_url(self._url).follow(file.name)
        tools = self._connector, self._settings, self._log, self._report
        await HTTPSource(url, *tools, install, self._force).run()

    def _chosen(self, manifest):
        """Return the file to install; ValueError with the reason if there is none."""
        if not self._force:
            self._check(manifest)
        room_bytes = 0
        if self._flash.running().description()[0] == product.NAME:
            spare = self._flash.spare()
            room_bytes = spare.size_bytes + BLOCK_BYTES if spare else 0
        bytecode = bytecode_name(sys.implementation._mpy)
        return manifest.file_for(room_bytes, bytecode, bool(self._settings["otakey"]))

    def _check(self, manifest):
        new, running = manifest.version, product.VERSION
        if new == running:
            raise ValueError(new + " runs already")
        if older(new, running):
            raise ValueError("{} is older than {}".format(new, running))
        if older(running, manifest.min_version):
            text = "{} replaces {} or newer; this camera runs {}"
            raise ValueError(text.format(new, manifest.min_version, running))


class Checked:
    """Reads a file; `read` raises ValueError unless it has the manifest's size and SHA-256."""

    def __init__(self, read, file):
        self._read = read
        self._left = file.size
        self._digest = file.digest
        self._sha = hashlib.sha256()
        self._ended = False

    async def read(self, view):
        """Fill the start of `view`; return the number of bytes, 0 at the end."""
        if self._ended:
            return 0
        got = await self._read(view)
        self._left -= got
        self._sha.update(view[:got])
        self._ended = not got
        if self._left < 0 or self._ended and (self._left or self._sha.digest() != self._digest):
            raise ValueError("the file is not the one in the manifest: wrong size or SHA-256")
        return got
