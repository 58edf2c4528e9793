"""Camera drivers: one file each, one interface; the one that the firmware has is used."""


class SensorError(OSError):
    """The sensor or its driver did not do what was asked; the message says what."""


class NoFrame(SensorError):
    """The sensor was asked for a picture and stayed silent."""


class NoSensor(SensorError):
    """Nobody answers on the sensor's bus: none is there, or its cable is not seated."""

    absent = True


def find(pins):
    """The sensor behind the camera module in this firmware, not yet started; None without one."""
    try:
        import camera
    except ImportError:
        return None
    if hasattr(camera, "Camera"):
        from hal.sensor.api import Sensor
    elif hasattr(camera, "framesize"):  # others have init() and capture(), too
        from hal.sensor.driver import Sensor
    else:
        return None
    return Sensor(pins)
