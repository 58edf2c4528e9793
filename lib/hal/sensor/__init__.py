"""Camera drivers with one interface, one file each; the firmware has one of them."""


class SensorError(OSError):
    """The sensor or its driver failed; the message says how."""


class NoFrame(SensorError):
    """The sensor answers, but delivers no picture."""


class NoSensor(SensorError):
    """Nothing answers on the sensor's bus: there is no sensor, or its cable is loose."""

    absent = True


def find(pins):
    """Return the sensor behind the firmware's camera module, not yet started; None without one.

    The imports are lazy because each driver needs its camera module, and the firmware has one of
    them, or none.
    """
    try:
        import camera
    except ImportError:
        return None
    if hasattr(camera, "Camera"):
        from hal.sensor.api import Sensor
    elif hasattr(camera, "framesize"):  # other modules have init() and capture(), too
        from hal.sensor.driver import Sensor
    else:
        return None
    return Sensor(pins)
