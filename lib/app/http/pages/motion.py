"""The state of motion for the page that draws it over the picture."""

from binascii import hexlify


class MotionState:
    """The route `/api/motion`."""

    def __init__(self, settings, status):
        self._settings = settings
        self._status = status

    def add_routes(self, app):
        app.get("/api/motion")(self.motion)

    async def motion(self, request):
        """Return the mask, and what the newest picture shows, which is null if none was compared.

        `changed` has 1 for each cell that has changed, `cells` the brightness of each in hex.
        """
        found = {
            "mode": self._settings.show("motion"),
            "state": self._status.motion_state(),
            "mask": self._settings["motionmask"],
            "score": None,
            "changed": None,
            "cells": None,
        }
        detection = self._status.detection
        is_private = self._settings["privacy"]  # which ends the detection a moment later
        if detection and detection.view.is_current and not is_private:
            detector = detection.view.detector
            found["score"] = detector.score
            found["changed"] = "".join([str(each) for each in detector.changed])
            found["cells"] = hexlify(detection.view.grid.cells).decode()
        return found
