"""Faults of the world that components raise; all are OSError: wait and try again."""


class CameraFault(OSError):
    """No picture this time; the camera is on its way to recover."""
