"""Camera drivers with one interface, a file each; the one that the firmware has is used."""


class SensorError(OSError):
    """The sensor or its driver failed; the message says how."""


class NoFrame(SensorError):
    """The sensor is there, but gave no picture."""


class NoSensor(SensorError):
    """Nothing answers on the sensor's bus: there is no sensor, or its cable is loose."""

    absent = True


def find(pins):
    """Return the sensor behind the firmware's camera module, not yet started; None without one.

    Only here is it known which camera module the firmware has, if any: an import of the other
    driver, or of either without a module, would fail.
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
