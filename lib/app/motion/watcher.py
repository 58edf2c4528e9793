"""Compares pictures, and keeps those around motion."""

import asyncio
from binascii import hexlify
from time import ticks_diff, ticks_ms

from app.camera.camera import CameraFault
from app.motion.detector import Detector, decode_in_steps
from app.motion.motion import PICTURE
from config import limits
from proto.jpegdc import DCGrid


class PictureWatcher:
    """Leases `motionfps` pictures per second, and calls `note` while the detector sees motion.

    It takes at most half of the time, so that viewers of large pictures keep theirs, and gives up
    a picture that others need. Pictures in the light of the flash are not compared.
    """

    def __init__(self, frames, lamp, settings, pictures, note, log):
        self._lamp = lamp
        self._is_lit = False
        self._settings = settings
        self._pictures = pictures
        self._note = note
        self._log = log
        self._lease = frames.fresh()
        self._lease.give_up = self._give_up
        self._gives_up = False
        self.grid = DCGrid()
        self.detector = Detector(settings)
        self.is_current = False  # the detector has compared the newest picture
        self.reason = ""

    def relearn(self):
        """Compare with later pictures only, because the view or its light has changed."""
        self.detector.relearn()

    def shown(self):
        """Return what the newest picture shows; nothing if it was not compared."""
        if not self.is_current:
            return {}
        changed = "".join([str(each) for each in self.detector.changed])
        cells = hexlify(self.grid.cells).decode()
        return {"score": self.detector.score, "changed": changed, "cells": cells}

    async def run(self):
        try:
            while True:
                started, busy_ms = ticks_ms(), 0
                if not self._compares:
                    self._start_again()
                if self._compares or self._settings["motionpictures"]:
                    busy_ms = await self._take()
                else:
                    self.reason = ""
                left_ms = 1_000 // self._settings["motionfps"] - ticks_diff(ticks_ms(), started)
                await asyncio.sleep_ms(max(left_ms, busy_ms))
        finally:
            self._start_again()

    @property
    def _compares(self):
        return bool(self._settings["motion"] & PICTURE)

    async def _take(self):
        """Take the next picture; return the time for which it was held."""
        self._gives_up, is_flash = False, self._lamp.flashing
        if self._is_lit != self._lamp.on:
            self._is_lit = self._lamp.on
            self.relearn()
        try:
            frame = await self._lease.renewed().acquire()
        except CameraFault as e:
            self.reason = "no picture: {}".format(e)
            self._start_again()
            await asyncio.sleep_ms(limits.HTTP_VIEWER_PAUSE_MS)
            return 0
        began = ticks_ms()
        try:
            if not self._compares:
                self.reason = ""
            elif not (is_flash or self._lamp.flashing):
                await self._look(frame.view)
            self._pictures.take(frame)
        finally:
            self._lease.release()
        return ticks_diff(ticks_ms(), began)

    async def _look(self, view):
        """Compare a picture, unless others need its memory meanwhile."""
        try:
            if not await decode_in_steps(self.grid, view, lambda: self._gives_up):
                return
        except ValueError as e:
            reason = "the picture can't be compared: {}".format(e)
            if reason != self.reason:
                self._log.error("motion", reason)
            self.reason = reason
            self._start_again()
            return
        seen = self.detector.compare(self.grid.cells)
        self.reason, self.is_current = "", True
        if seen:
            self._note(PICTURE, self.detector.score, self.detector.count)

    def _start_again(self):
        """Note that the newest picture is not compared, and that the next one is learned."""
        self.is_current = False
        self.relearn()

    def _give_up(self):
        self._gives_up = True
