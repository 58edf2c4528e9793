"""The camera: whole pictures from a sensor that can fail at any time."""

import asyncio

from app.camera.recovery import Recovery, apply
from config import limits
from proto import jpeg
from proto.params import size_name
from proto.values import BadArgument


class CameraFault(OSError):
    """There is no picture; the message says why."""


class Withheld(CameraFault):
    """The user wants no pictures; the message says why."""


class Camera:
    """Captures pictures and sets parameters.

    `state` is absent, unsuitable, off, starting, ready or recovering. Absent means that there is
    no sensor (None) for the reason `missing`, or that it does not answer; unsuitable, that it
    cannot make JPEG pictures. Both are retried for ever. Off means that `power` has cut its
    power. `reason` says what is wrong in any state but ready.
    """

    def __init__(
        self,
        sensor,
        log,
        new_backoff,
        params,
        free_bytes,
        timeout_ms=limits.CAMERA_CAPTURE_MS,
        reserve_bytes=limits.CAMERA_RESERVE_BYTES,
        missing="",
    ):
        self._sensor = sensor
        self._log = log
        self._timeout_ms = timeout_ms
        self._recovery = Recovery(
            sensor, params, log, new_backoff(), free_bytes, timeout_ms, reserve_bytes
        )
        self.params = params  # name -> value on the wire, set at each start of the sensor
        self.copies = sensor.copies if sensor else False
        self.captured = 0
        self.failures = {"sensor": 0, "memory": 0, "damaged picture": 0}
        self.recoveries = self._recovery.counts
        self.watchers = []  # called when `set` or a start may have changed `params`
        self.state = "starting" if sensor else "absent"
        self.reason = missing
        if not sensor:
            log.error("camera", self.reason)

    @property
    def exists(self):
        """False if this board or its firmware can never take a picture."""
        return self._sensor is not None

    @property
    def failed(self):
        """Number of captures without a picture."""
        return sum(self.failures.values())

    @property
    def stale(self):
        """Number of the next captures whose exposure may have begun before now."""
        return self._sensor.stale if self._sensor else 0

    @property
    def chip(self):
        """Name of the sensor that was found, such as "OV2640"; "" if none was."""
        return self._sensor.chip if self._sensor else ""

    @property
    def usual_size(self):
        """Name of the frame size in `params`."""
        return size_name(self.params["framesize"])

    @property
    def usual_quality(self):
        """Quality in `params`."""
        return self.params["quality"]

    @property
    def size(self):
        """Name of the frame size that the sensor has now."""
        return self._sensor.framesize if self._sensor else self.usual_size

    @property
    def quality(self):
        """Quality that the sensor has now."""
        return self._sensor.quality if self._sensor else self.usual_quality

    def grab(self):
        """Return what `capture` returns if a picture is ready, else None."""
        if self.state != "ready":
            return None
        try:
            view = self._sensor.poll()
            return None if view is None else self._checked(view)
        except (OSError, MemoryError, jpeg.BadJPEG) as e:
            self._note_failure(e, True)
            raise CameraFault(self.reason) from None

    async def capture(self):
        """Return one whole JPEG as a memoryview of the driver's buffer: `release` it soon.

        Raises CameraFault; the next call then takes the next step of recovery.
        """
        if not self._sensor:
            await asyncio.sleep_ms(1_000)
            raise CameraFault(self.reason)
        if self.state == "off":
            raise CameraFault(self.reason)
        is_running = self.state == "ready"
        try:
            if self.state == "starting":
                await self._recovery.start()
            elif not is_running:
                await self._recovery.step()
            is_running = True
            return self._checked(await self._sensor.capture(self._timeout_ms))
        except (OSError, MemoryError, jpeg.BadJPEG) as e:
            self._note_failure(e, is_running)
            raise CameraFault(self.reason) from None

    def release(self, rest=False):
        """End the use of the driver's buffer; with `rest`, no picture is expected to follow."""
        if self._sensor:
            self._sensor.release(rest)

    def stop(self):
        """Stop the sensor; the next capture starts it again."""
        if self._sensor:
            self._sensor.stop()
            if self.state != "off":
                self.state = "starting"

    def power(self, on, reason=""):
        """Give the sensor power, or cut it at once because of `reason`."""
        if self._sensor and on == (self.state == "off"):
            self._sensor.power(on)
            self.state = "starting" if on else "off"
            self.reason = reason
            self._notify()

    def values(self):
        """Return {name: value} of the parameters that the driver offers."""
        if not self._sensor:
            return self.params
        return {name: self.params[name] for name in self.params if self._sensor.offers(name)}

    def set(self, changes):
        """Set [(name, value), ...], all or none; OSError names the one that the sensor refuses.

        It may be called between any two awaits: the driver's buffer is never held across one.
        """
        if self.state != "ready":
            raise CameraFault("the camera is {}: {}".format(self.state, self.reason))
        done = []
        try:
            for name, value in changes:
                apply(self._sensor, name, value)
                done.append(name)
        except OSError:
            self._roll_back(done)
            raise
        self.params.update(changes)
        self._notify()
        text = ", ".join("{} {}".format(name, value) for name, value in changes)
        self._log.debug("camera", "set {}", text)

    def check_clock(self, mhz):
        """Raise BadArgument unless the driver offers that frequency of the sensor's clock."""
        offered = self._sensor.clocks_mhz if self._sensor else ()
        if offered and mhz not in offered:
            mhz = " or ".join([str(each) for each in offered])
            raise BadArgument("{} offers {} MHz".format(self._sensor.name, mhz))

    def set_clock(self, mhz):
        """Set the frequency of the sensor's clock in MHz; a running sensor restarts."""
        if self._sensor:
            try:
                self._sensor.set_clock(mhz)
            except (OSError, MemoryError) as e:  # the next capture starts it
                self._log.error("camera", "xclk {}: {}".format(mhz, e))
                self.stop()

    def adapt(self, size=None, quality=None):
        """Set the sensor's frame size by name and its quality; None is the usual one.

        They are not set in `params`, because others still want the usual ones. Raises CameraFault
        if the sensor does not offer them, or there is no memory for them.
        """
        size = size or self.usual_size
        quality = self.usual_quality if quality is None else quality
        try:
            if quality != self.quality:
                self._sensor.set("quality", quality)
            if size != self.size:
                self._sensor.set("framesize", size)
        except OSError as e:
            raise CameraFault(str(e)) from None

    def _roll_back(self, names):
        try:
            for name in names:
                apply(self._sensor, name, self.params[name])
        except OSError:  # the next capture starts the sensor with the old values
            self.stop()

    def _checked(self, view):
        """Return the JPEG in a driver's buffer; raises BadJPEG."""
        view = jpeg.newest(view)
        if self.state != "ready":
            self._recovery.end()
            self.state = "ready"
            self.reason = ""
            self._notify()
        self.captured += 1
        return view

    def _notify(self):
        for call in self.watchers:
            call()

    def _note_failure(self, error, is_running):
        if self.state == "off":  # it lost its power during the capture
            return
        self.failures[_kind(error)] += 1
        self.reason = str(error)
        self._recovery.climb(error, is_running)
        self._log.debug("camera", "failure {}: {}", self.failed, self.reason)
        self.state = getattr(error, "state", "recovering")


def _kind(error):
    if isinstance(error, MemoryError):
        return "memory"
    return "damaged picture" if isinstance(error, jpeg.BadJPEG) else "sensor"
