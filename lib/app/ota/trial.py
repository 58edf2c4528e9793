"""The trial of an update: it is confirmed, or rolled back by the next restart.

A firmware image waits for `mqttotaconfirm`, unless `otaconfirm` is auto; a copy of the application
confirms itself. An upload may choose the one or the other for its update alone (OTA_KEEP: 1 or 0).
NVS also keeps what was tried (OTA_TRIED: slot or copy, version), the reason for giving it up
(OTA_REASON), the version that failed last (OTA_FAILED), and why it was rolled back (OTA_WHY).
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from app.camera.camera import CameraFault, Withheld
from config import limits, product
from proto.values import confirmed

_POLL_MS = const(500)
_NAMELESS = "an image without a version"


class Trial:
    """Finishes the last update after the start; `is_busy()` is true once another has begun.

    `flash`, `otadata` and `copies` are hal's modules flash, otadata and appslot. `notice` says for
    people what happened to the last update, "" once it is confirmed. `version` is what is or was
    on trial in this start, `kept` is true once it is confirmed, and `keeps_itself` if that needs
    no command; `missing` is the part of the camera that does not work yet, or "". `rolled_back` is
    (version, reason) of the update that was given up, or None.
    """

    def __init__(
        self,
        flash,
        otadata,
        copies,
        nvs,
        settings,
        wifi,
        session,
        frames,
        restart,
        log,
        report,
        is_busy,
        limit_ms=limits.UPDATE_TRIAL_MS,
    ):
        self._flash = flash
        self._otadata = otadata
        self._copies = copies
        self._nvs = nvs
        self._settings = settings
        self._wifi = wifi
        self._session = session
        self._frames = frames
        self._restart = restart
        self._log = log
        self._report = report
        self._is_busy = is_busy
        self._limit_ms = limit_ms
        self._started_ms = ticks_ms()
        self.notice = self.version = self.missing = ""
        self.keeps_itself = self.kept = False
        self.rolled_back = None

    @property
    def unconfirmed(self):
        """True while the next restart gives up what runs now."""
        return self._otadata.unconfirmed() or self._copies.unconfirmed()

    @property
    def left_s(self):
        """Seconds until a version that keeps itself is given up; None if there is no limit."""
        if not self.keeps_itself:
            return None
        return max(0, self._limit_ms - ticks_diff(ticks_ms(), self._started_ms)) // 1_000

    async def judge(self):
        """Report the result of the last update; confirm what runs once it works."""
        tried, _, version = self._noted("OTA_TRIED").partition(" ")
        if self._otadata.unconfirmed():
            version = self._flash.running().description()[1]
            await self._on_trial(version, bool(self._settings["otaconfirm"]))
        elif self._copies.unconfirmed():
            await self._on_trial(product.VERSION, True)
        elif tried:
            failed = self._otadata.failed()
            if tried in (failed and failed.label, self._copies.failed()):
                self._note_rollback(version)
            self._erase("OTA_TRIED", "OTA_REASON", "OTA_KEEP")  # the next update writes them again
            if self.rolled_back:
                _, reason = self.rolled_back
                await self._publish("rolled back", version=version, reason=reason)
        failed = self._noted("OTA_FAILED")
        if failed and not self.notice:
            self.rolled_back = failed, self._noted("OTA_WHY")
            self.notice = failed + " was rolled back"

    def confirm(self):
        """Keep what runs now."""
        self.kept = self.unconfirmed
        self._otadata.confirm()
        self._copies.confirm()
        self._erase("OTA_TRIED", "OTA_REASON", "OTA_KEEP", "OTA_FAILED", "OTA_WHY")
        self.notice = ""
        self._log.info("update", "the running version is confirmed")

    def cmd_mqttotaconfirm(self, argument):
        """Keep the running image."""
        confirmed(argument, "confirm")
        if not self.unconfirmed:
            return "OTA image already confirmed"
        self.confirm()
        return "Confirmed OTA image"

    def cmd_rollback(self, argument):
        """Give up what is on trial."""
        confirmed(argument, "give up the image on trial, and restart")
        if not self.unconfirmed:
            return "Nothing is on trial"
        self._log.info("update", "rolling back as requested")
        self._give_up("as requested")
        return "Rolling back"

    async def _on_trial(self, version, confirms_itself):
        self.version = version or _NAMELESS
        self.keeps_itself = {"1": True, "0": False}.get(self._noted("OTA_KEEP"), confirms_itself)
        self._started_ms = ticks_ms()
        text = "{} is on trial: mqttotaconfirm 1 keeps it, a restart does not"
        self.notice = text.format(self.version)
        self._log.info("update", self.notice)
        if not self.keeps_itself:
            await self._publish("trial", version=version)
            return
        while self.unconfirmed:
            self.missing = await self._missing()
            if not self.missing:
                self.confirm()
                await self._publish("confirmed", version=version)
            elif ticks_diff(ticks_ms(), self._started_ms) > self._limit_ms:
                reason = "no {} within {} s".format(self.missing, self._limit_ms // 1_000)
                self._log.error("update", reason + ": rolling back")
                self._give_up(reason)
                return
            await asyncio.sleep_ms(_POLL_MS)

    async def _missing(self):
        """Return the part of the camera that does not work yet, or ""."""
        if not self._wifi.up.is_set():
            return "Wi-Fi"
        if self._settings["mqtthost"] and not self._session.up.is_set():
            return "broker"
        try:
            async with self._frames.fresh():
                return ""
        except Withheld:  # whether there would be a picture is not known before the user wants one
            return ""
        except CameraFault:
            return "picture"

    def _give_up(self, reason):
        """Restart, since what is unconfirmed does not start again."""
        self._nvs.set_blob("OTA_REASON", reason.encode())
        self._nvs.commit()
        self._restart.request()

    def _note_rollback(self, version):
        reason = self._noted("OTA_REASON") or "it restarted unconfirmed"
        self.rolled_back = version or _NAMELESS, reason
        self.notice = "{} was rolled back: {}".format(*self.rolled_back)
        if version:
            self._nvs.set_blob("OTA_FAILED", version.encode())
            self._nvs.set_blob("OTA_WHY", reason.encode())
            self._nvs.commit()
        self._log.error("update", self.notice)

    async def _publish(self, state, **details):
        """Report once there is a broker, within the limit; an update that begins does not wait."""
        started = ticks_ms()
        while not self._session.up.is_set() and not self._is_busy():
            if not self._settings["mqtthost"] or ticks_diff(ticks_ms(), started) > self._limit_ms:
                return
            await asyncio.sleep_ms(_POLL_MS)
        await self._report.result(state, **details)

    def _noted(self, key):
        """Return what NVS holds about the last update; "" if that is not text."""
        try:
            return self._nvs.get_blob(key, b"").decode()
        except UnicodeError:
            return ""

    def _erase(self, *keys):
        for key in keys:
            self._nvs.erase(key)
        self._nvs.commit()
