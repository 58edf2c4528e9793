"""After an update: is the new one confirmed, or was it rolled back? `of` is the Updater.

A firmware image waits for somebody to confirm it, unless `otaconfirm` is auto; a copy of the
application confirms itself.
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from aio.late import borrow
from app.camera.camera import CameraFault
from config import product

_LIMIT_MS = const(300_000)
_LOOK_MS = const(500)


async def judge(of, limit_ms=_LIMIT_MS):
    """At the start: tell how the last update went, and prove an unconfirmed one where it may."""
    image = of.otadata().unconfirmed()
    of.pending = image or of.appslot().unconfirmed()
    place, _, version = of.nvs.get_blob("OTA_TRIED", b"").decode().partition(" ")
    if of.pending:
        await _on_trial(of, image, limit_ms)
    elif place:
        failed = of.otadata().failed()
        if place in (failed and failed.label, of.appslot().failed()):
            await _rolled_back(of, version)
        _forget(of, "OTA_TRIED", "OTA_REASON")


async def _on_trial(of, image, limit_ms):
    if image:
        version = borrow("app.ota.checks").running(of).version
    else:
        version = product.VERSION
    text = "{} is on trial: mqttotaconfirm 1 keeps it, a restart does not"
    of.log.info("update", text.format(version))
    if image and not of.settings["otaconfirm"]:
        await _told(of, limit_ms, "trial", version=version)
        return
    started = ticks_ms()
    while of.pending:
        missing = await _missing(of)
        if not missing:
            confirm(of)
            await _told(of, limit_ms, "confirmed", version=version)
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
    """What is unconfirmed and restarts is not started again."""
    of.log.error("update", reason + ": back to what ran before")
    of.nvs.set_blob("OTA_REASON", reason.encode())
    of.nvs.commit()
    of.restart.request()


def confirm(of):
    """For good: this one starts from now on."""
    of.otadata().confirm()
    of.appslot().confirm()
    of.pending = False
    _forget(of, "OTA_TRIED", "OTA_REASON", "OTA_FAILED")
    of.log.info("update", "what runs is confirmed")


async def _rolled_back(of, version):
    reason = of.nvs.get_blob("OTA_REASON", b"").decode() or "it restarted unconfirmed"
    of.nvs.set_blob("OTA_FAILED", version.encode())
    of.nvs.commit()
    of.log.error("update", "{} was rolled back: {}".format(version, reason))
    await _told(of, _LIMIT_MS, "rolled back", version=version, reason=reason)


async def _told(of, limit_ms, state, **more):
    """Publish it once there is a broker; who asks for an update does not wait for that."""
    started = ticks_ms()
    while not of.session.up.is_set() and not of.job:
        if not of.settings["mqtthost"] or ticks_diff(ticks_ms(), started) > limit_ms:
            return
        await asyncio.sleep_ms(_LOOK_MS)
    await borrow("app.ota.report").tell(of, state, **more)


def _forget(of, *keys):
    for key in keys:
        of.nvs.erase(key)
    of.nvs.commit()
