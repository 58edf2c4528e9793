"""Faults of the world that components tell each other; all are OSError: wait and try again."""


class CameraFault(OSError):
    """No picture this time; the camera is on its way to recover."""


class NotConnected(OSError):
    """There is no session with the broker now."""
