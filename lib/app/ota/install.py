"""Installs an update of any kind from any source."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from app import signing_key
from app.ota.app_archive import AppArchive
from app.ota.image import Image
from config import limits
from proto.values import BadArgument
from proto.zip import is_archive

_CHUNK = const(2_048)  # half of what flash erases at once


class Install:
    """One update: a firmware image or an archive of the application; pictures pause meanwhile."""

    def __init__(self, flash, copies, nvs, settings, frames, log, report, show):
        self._flash = flash
        self._copies = copies
        self._nvs = nvs
        self._settings = settings
        self._frames = frames
        self._log = log
        self._report = report
        self._show = show

    async def run(self, read, total, force, keep=None):
        """Write what `read` returns, so that it starts next.

        Return the Image or AppArchive, with `name`, `version` and `lost`.

        Arguments and errors as in Updater.install.
        """
        try:
            return await self._write(read, total, force, keep)
        except ValueError as e:  # the update is not what it should be
            await self._report.failed(e)
            raise BadArgument(str(e)) from None
        except Exception as e:
            await self._report.failed(e)
            raise

    async def _write(self, read, total, force, keep):
        view = memoryview(bytearray(_CHUNK))
        filled = await _fill(read, view)
        target = self._target(view[:filled], total, force)
        self._log.info("update", "writing " + target.name)
        if target.lost:
            self._log.info("update", "forced although " + target.lost)
        pauses = not self._frames.at_rest  # in safe mode the camera is at rest already
        try:
            if pauses:
                await self._frames.pause("an update is under way")
            done = await self._stream(target, read, total, view, filled)
            await self._progress(done, done)
            self._note(keep)
            await target.finish(view)
        except BaseException:
            target.abandon()
            if pauses:
                self._frames.resume()
            raise
        return target

    def _target(self, head, total, force):
        """Return the writer of an update that begins with `head`; ValueError if it is refused."""
        key = signing_key.read(self._settings["otakey"])
        if is_archive(head):
            return AppArchive(head, total, force, key, self._copies, self._nvs)
        return Image(head, total, force, key, self._flash, self._nvs)

    async def _stream(self, target, read, total, view, filled):
        """Pass all that arrives to the target; return the number of bytes."""
        done = 0
        reported = ticks_ms()
        while filled:
            await target.write(view, filled)
            done += filled
            if ticks_diff(ticks_ms(), reported) >= limits.UPDATE_REPORT_MS:
                reported = ticks_ms()
                await self._progress(done, total)
            await asyncio.sleep_ms(0)
            filled = await _fill(read, view)
        if total and done != total:
            raise ValueError("cut off after {} of {} bytes".format(done, total))
        return done

    def _note(self, keep):
        """Note for the trial whether the update confirms itself."""
        try:
            self._nvs.erase("OTA_KEEP")
            if keep is not None:
                self._nvs.set_blob("OTA_KEEP", b"1" if keep else b"0")
        except OSError as e:
            raise ValueError("the settings' flash: {}".format(e)) from None

    async def _progress(self, done, total):
        percent = 100 * done // total if total else "?"
        self._show("ota = {} %, {} bytes".format(percent, done))
        await self._report.progress(done, total)


async def _fill(read, view):
    """Fill `view`; return the number of bytes, which is smaller at the end."""
    filled = 0
    while filled < len(view):
        got = await read(view[filled:])
        if not got:
            break
        filled += got
    return filled
