"""The newest release, as the manifest at `otaurl` has it."""

import asyncio
import random

from micropython import const

from config import limits, product
from proto.reasons import describe
from proto.uri import parse_url
from proto.values import BadArgument

_POLL_MS = const(500)
_SOON_MS = const(1_000)


def is_manifest(url):
    """Return True if `otaurl` names a manifest: its path ends with `.json`."""
    return url.partition("#")[0].partition("?")[0].lower().endswith(".json")


class Releases:
    """Fetches the manifest once there is Wi-Fi, when `otaurl` changes, daily, and on request.

    `latest`, `summary` and `url` (of its page) describe the release; None if unknown. `checks`
    counts the checks; `reason` says why the last one failed, or "". `is_busy()` is true while an
    update is under way.
    """

    def __init__(
        self,
        settings,
        connector,
        wifi_up,
        clock_set,
        log,
        is_busy,
        check_ms=limits.UPDATE_CHECK_MS,
        retry_ms=limits.UPDATE_CHECK_RETRY_MS,
    ):
        self._settings = settings
        self._connector = connector
        self._wifi_up = wifi_up
        self._clock_set = clock_set
        self._log = log
        self._is_busy = is_busy
        self._check_ms = check_ms
        self._retry_ms = retry_ms
        self._requested = False
        self.reason = ""
        self.checks = 0
        self.latest = self.summary = self.url = None

    def request(self):
        """Check as soon as possible."""
        self._requested = True

    async def run(self):
        # random, so that not all cameras ask the server at once when the power returns
        pause_ms = random.getrandbits(16) % limits.UPDATE_CHECK_SPREAD_MS
        while True:
            url = self._settings["otaurl"]
            self.latest = self.summary = self.url = None
            self.reason = ""
            await self._watch(url, _SOON_MS + pause_ms)
            pause_ms = 0

    async def _watch(self, url, pause_ms):
        """Check the manifest at `url`, after a pause and again, until `otaurl` is another."""
        while await self._pause(url, pause_ms):
            pause_ms = self._check_ms if await self._check(url) else self._retry_ms

    async def _pause(self, url, left_ms):
        """Wait while a check is possible, for `left_ms` or a request; False once `url` is old."""
        while self._settings["otaurl"] == url:
            if self._is_possible(url):
                if left_ms <= 0 or self._requested:
                    self._requested = False
                    return True
                left_ms -= _POLL_MS
            await asyncio.sleep_ms(_POLL_MS)
        return False

    def _is_possible(self, url):
        if not is_manifest(url) or not self._wifi_up.is_set() or self._is_busy():
            return False
        if url[:6].lower() != "https:" or self._clock_set.is_set():
            return True
        from app.webclient import is_verified  # lazy import: see app.ota.updater

        return not is_verified(self._settings)  # certificates need the time

    async def _check(self, url):
        """Fetch the manifest; return False after a failure, whose reason is logged once."""
        try:
            await self.fetch(url)
        except (OSError, BadArgument) as e:
            reason = describe(e)
            if reason != self.reason:
                self._log.error("update", "no manifest from otaurl: " + reason)
            self.reason = reason
            return False
        finally:
            self.checks += 1
        self.reason = ""
        return True

    async def fetch(self, url):
        """Return the Manifest at `url`, and note it; OSError or BadArgument with the reason."""
        from app.ota.http_source import Download  # lazy imports: see app.ota.updater
        from proto.manifest import Manifest

        download = Download(parse_url(url), self._connector, self._settings, self._log)
        try:
            manifest = Manifest(await _content(download), product.NAME)
        except (ValueError, MemoryError) as e:
            raise BadArgument(str(e) or "the manifest does not fit into memory") from None
        finally:
            download.close()
        if url == self._settings["otaurl"]:
            if manifest.version != self.latest:
                self._log.info("update", "the newest release is " + manifest.version)
            self.latest, self.url = manifest.version, manifest.url or None
            self.summary = manifest.summary or None
        return manifest


async def _content(download):
    """Return a file of at most UPDATE_MANIFEST_BYTES; ValueError if it is longer."""
    view = memoryview(bytearray(limits.UPDATE_MANIFEST_BYTES + 1))
    await download.open()
    at = 0
    while at < len(view):
        got = await download.read(view[at:])
        if not got:
            return bytes(view[:at])
        at += got
    raise ValueError("the manifest is longer than {} bytes".format(limits.UPDATE_MANIFEST_BYTES))
