"""Camera drivers with one interface, one file each; the firmware has one of them."""

import gc

import esp32
from micropython import const

_SPIRAM = const(1 << 10)  # MALLOC_CAP_SPIRAM of ESP-IDF
_PSRAM_HEAP = const(1_000_000)  # the chip alone has no heap of that size


class SensorError(OSError):
    """The sensor or its driver failed; the message says how."""


class NoFrame(SensorError):
    """The sensor answers, but delivers no picture."""


class NoSensor(SensorError):
    """Nothing answers on the sensor's bus: there is no sensor, or its cable is loose."""

    state = "absent"


class Unsuitable(SensorError):
    """The sensor is one that cannot make JPEG pictures, or an unknown one; the message says so."""

    state = "unsuitable"


class NoCamera(Exception):
    """This board or its firmware cannot take pictures; the message says why."""


def find(pins):
    """Return the sensor behind the firmware's camera module, not yet started.

    Raises NoCamera if there can be no picture. The imports are lazy because each driver needs its
    camera module, and the firmware has one of them, or none.
    """
    try:
        import camera
    except ImportError:
        raise NoCamera("no camera driver in this firmware") from None
    if hasattr(camera, "Camera"):
        if not has_psram():  # the driver has no other place for its buffers
            raise NoCamera("this board has no PSRAM, which pictures need")
        from hal.sensor.api import Sensor
    elif hasattr(camera, "framesize"):  # other modules have init() and capture(), too
        from hal.sensor.driver import Sensor
    else:
        raise NoCamera("no known camera driver in this firmware")
    return Sensor(pins)


def has_psram():
    """Return True if the board has external RAM that works."""
    if esp32.idf_heap_info(_SPIRAM):
        return True
    return gc.mem_free() + gc.mem_alloc() > _PSRAM_HEAP  # older firmware takes all for the heap
