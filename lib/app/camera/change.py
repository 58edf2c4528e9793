"""How parameters of a running sensor are changed; borrow it. `of` is the Camera."""

from proto.framesizes import size_name


def change(of, changes):
    """Apply [(name, value), ...], all or none; OSError says which the sensor refused."""
    done = []
    try:
        for name, value in changes:
            apply(of, name, value)
            done.append(name)
    except OSError:
        _roll_back(of, done)
        raise
    of.params.update(changes)


def _roll_back(of, names):
    try:
        for name in names:
            apply(of, name, of.params[name])
    except OSError:  # the next capture starts it with the old ones
        of.stop()


def apply(of, name, value):
    """Set one parameter by its value on the wire; OSError where the sensor refuses it."""
    of.sensor.set(name, size_name(value) if name == "framesize" else value)
