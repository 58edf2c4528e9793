"""What a bad camera does to its pictures, until it is mended or switched off and on."""

from errors import UsageError, os_error

_DAMAGE = {
    "truncate": lambda jpeg: jpeg[: len(jpeg) // 2],
    "no_soi": lambda jpeg: b"\0\0" + jpeg[2:],
    "padding": lambda jpeg: jpeg + bytes(512),
    "big": lambda jpeg: jpeg[:2] + _comments(300_000) + jpeg[2:],
}
_KINDS = ("raise", "none", "stall", "absent", *_DAMAGE)


def _comments(size):
    """JPEG comment segments of `size` bytes or a little more: the picture stays valid."""
    segment = b"\xff\xfe\xff\xff" + b"." * 65_533
    return segment * (size // len(segment) + 1)


class Faults:
    """The fault in force; each picture or start of the sensor that it spoils counts."""

    def __init__(self):
        self._kind = None
        self._left = None
        self._until_power_cycle = False

    def power_cycle(self):
        if self._until_power_cycle:
            self._kind = None

    @property
    def absent(self):
        """No sensor is on the bus, as with a cable that is not seated."""
        return self._kind == "absent"

    @property
    def stalled(self):
        return self._kind in ("stall", "absent")

    def take(self):
        """Count one spoilt capture; the kind of fault, or None. Raises for the kind "raise"."""
        kind = self._kind
        if kind and self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self._kind = None
        if kind == "raise":
            raise os_error(-1, "ESP_FAIL")
        return kind

    @staticmethod
    def spoil(kind, jpeg):
        """Damage a picture as the fault does."""
        return _DAMAGE[kind](jpeg) if kind in _DAMAGE else jpeg

    def controls(self):
        return {"camera": self.set}

    def set(self, fault=None, count=None, until=None):
        """Break the camera: for `count` pictures, until switched off, or until mended (None).

        It outlasts restarts of the board, so that "absent" and a power cut are a board without
        a sensor.
        """
        if fault is not None and fault not in _KINDS:
            raise UsageError("fault is null or one of " + ", ".join(_KINDS))
        if until not in (None, "power_cycle"):
            raise UsageError("until is power_cycle")
        self._kind = fault
        self._left = count
        self._until_power_cycle = until == "power_cycle"
