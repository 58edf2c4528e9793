"""Exceptions of the simulator, and those it raises in the interpreter."""


class DeviceError(Exception):
    """Exception to raise in the interpreter: the name of its type and its arguments."""

    def __init__(self, kind, *args):
        super().__init__(kind, args)
        self.kind = kind
        self.arguments = args


class UsageError(Exception):
    """User error on the command line or the control port."""


def os_error(*args):
    return DeviceError("OSError", *args)


def value_error(*args):
    return DeviceError("ValueError", *args)


def runtime_error(*args):
    return DeviceError("RuntimeError", *args)


class PowerFailure(Exception):
    """Power failure during an operation, which gets no response."""
