"""What a simulated chip raises, carried over the link to the interpreter."""


class DeviceError(Exception):
    """An exception that the interpreter raises: the name of its type and its arguments."""

    def __init__(self, kind, *args):
        super().__init__(kind, args)
        self.kind = kind
        self.arguments = args


class UsageError(Exception):
    """A mistake of the user, on the command line or the control port; its text says which."""


def os_error(*args):
    return DeviceError("OSError", *args)


def value_error(*args):
    return DeviceError("ValueError", *args)


def runtime_error(*args):
    return DeviceError("RuntimeError", *args)


class PowerFailure(Exception):
    """The power went in the middle of an operation: there is nobody left to answer."""
