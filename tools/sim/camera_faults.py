"""Faults of the camera, until they are cleared or the camera is power-cycled."""

from collections import deque

from errors import UsageError, os_error

_DAMAGE = {
    "truncate": lambda jpeg: jpeg[: len(jpeg) // 2],
    "no_soi": lambda jpeg: b"\0\0" + jpeg[2:],
    "no_eoi": lambda jpeg: jpeg[:-2],
    "empty": lambda jpeg: b"",
    "padding": lambda jpeg: jpeg + bytes(512),
    "ones": lambda jpeg: jpeg + b"\xff" * 512,
    "big": lambda jpeg: jpeg[:2] + _comments(300_000) + jpeg[2:],
    "huge": lambda jpeg: jpeg[:2] + _comments(1_100_000) + jpeg[2:],
}
_KINDS = ("raise", "none", "stall", "absent", *_DAMAGE)


def _comments(size):
    """Return JPEG comment segments of at least `size` bytes, which keep the picture valid."""
    segment = b"\xff\xfe\xff\xff" + b"." * 65_533
    return segment * (size // len(segment) + 1)


class Faults:
    """Active fault; each affected capture or start of the sensor counts."""

    def __init__(self):
        self._kind = None
        self._left = None
        self._until_power_cycle = False
        self._pictures = deque()  # instead of the sensor's own; None: no replacement

    def power_cycle(self):
        if self._until_power_cycle:
            self._kind = None

    @property
    def absent(self):
        """True if no sensor responds on the bus, as with a loose cable."""
        return self._kind == "absent"

    @property
    def stalled(self):
        return self._kind in ("stall", "absent")

    def next_fault(self):
        """Count a capture; return the kind of its fault, or None. Raise OSError for "raise"."""
        kind = self._kind
        if kind and self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self._kind = None
        if kind == "raise":
            raise os_error(-1, "ESP_FAIL")
        return kind

    def damage(self, kind, jpeg):
        """Return the picture, damaged according to the fault, or the next replacement."""
        if self._pictures:
            return self._pictures.popleft() or jpeg
        return _DAMAGE[kind](jpeg) if kind in _DAMAGE else jpeg

    def controls(self):
        return {"camera": self.set, "pictures": self.replace}

    def replace(self, data=()):
        """Replace the data of the next pictures (hex); None leaves a picture as it is.

        Return how many replacements were left from earlier requests.
        """
        left = len(self._pictures)
        self._pictures += [each and bytes.fromhex(each) for each in data]
        return {"left": left}

    def set(self, fault=None, count=None, until=None):
        """Set the fault for `count` pictures, until a power cycle, or until cleared (None).

        It persists over restarts of the board, so "absent" and a power cut simulate a board
        without a sensor.
        """
        if fault is not None and fault not in _KINDS:
            raise UsageError("fault must be null or one of " + ", ".join(_KINDS))
        if until not in (None, "power_cycle"):
            raise UsageError("until must be power_cycle")
        self._kind = fault
        self._left = count
        self._until_power_cycle = until == "power_cycle"
