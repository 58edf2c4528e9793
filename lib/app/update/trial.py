"""After an update: is the new image confirmed, or was it rolled back? `of` is the Updater."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from aio.late import borrow
from proto.faults import CameraFault

_LIMIT_MS = const(300_000)
_LOOK_MS = const(500)


async def judge(of, limit_ms=_LIMIT_MS):
    """At the start: tell how the last update went, and prove an unconfirmed one where it may."""
    of.pending = of.flash().unconfirmed()
    tried = of.nvs.get_blob("OTA_TRIED", b"").decode().partition(" ")
    if of.pending:
        await _on_trial(of, limit_ms)
    elif tried[0]:
        failed = of.flash().failed()
        if failed and failed.label == tried[0]:
            await _rolled_back(of, tried[2])
        _forget(of, "OTA_TRIED", "OTA_REASON")


async def _on_trial(of, limit_ms):
    version = borrow("app.update.firmware").running(of).version
    of.log.info("update", version + " is on trial: mqttotaconfirm 1 keeps it, a restart does not")
    if not of.settings["otaconfirm"]:
        await _told(of, "trial", version=version)
        return
    started = ticks_ms()
    while of.pending:
        missing = await _missing(of)
        if not missing:
            confirm(of)
            await _told(of, "confirmed", version=version)
        elif ticks_diff(ticks_ms(), started) > limit_ms:
            _give_up(of, "no {} within {} s".format(missing, limit_ms // 1_000))
            return
        await asyncio.sleep_ms(_LOOK_MS)


async def _missing(of):
    """What the camera does not do yet that it is for, "" when it does."""
    if not of.wifi.up.is_set():
        return "Wi-Fi"
    if of.settings["mqtthost"] and not of.session.up.is_set():
        return "broker"
    try:
        async with of.frames.fresh():
            return ""
    except CameraFault:
        return "picture"


def _give_up(of, reason):
    """An unconfirmed image that restarts is not started again."""
    of.log.error("update", reason + ": back to the image before")
    of.nvs.set_blob("OTA_REASON", reason.encode())
    of.nvs.commit()
    of.restart.ask()


def confirm(of):
    """For good: this image starts from now on."""
    of.flash().confirm()
    of.pending = False
    _forget(of, "OTA_TRIED", "OTA_REASON", "OTA_FAILED")
    of.log.info("update", "the running image is confirmed")


async def _rolled_back(of, version):
    reason = of.nvs.get_blob("OTA_REASON", b"").decode() or "it restarted unconfirmed"
    of.nvs.set_blob("OTA_FAILED", version.encode())
    of.nvs.commit()
    of.log.error("update", "{} was rolled back: {}".format(version, reason))
    await _told(of, "rolled back", version=version, reason=reason)


async def _told(of, state, **more):
    """Publish it once there is a broker; who asks for an update does not wait for that."""
    while not of.session.up.is_set() and not of.job:
        await asyncio.sleep_ms(_LOOK_MS)
    await borrow("app.update.install").tell(of, state, **more)


def _forget(of, *keys):
    for key in keys:
        of.nvs.erase(key)
    of.nvs.commit()
