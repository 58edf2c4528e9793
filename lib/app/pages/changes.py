"""Several settings at once: all are checked first, then all are in force and saved, or none."""

from app.schema import FILE, FLAGS, KIND, RESTART
from proto.values import BadArgument


def faults(settings, wanted):
    """{name: what is wrong} of {name: text}; nothing is changed."""
    found = {}
    for name, text in wanted.items():
        try:
            if name not in settings or not settings.row(name):
                raise BadArgument("there is no such setting")
            settings.check(name, text)
        except BadArgument as e:
            found[name] = str(e)
    return found


def make(settings, wanted):
    """Put faultless settings in force and save them as one; False when the flash refuses.

    Files go first: where there is no room for one, BadArgument says so and nothing has changed.
    """
    files = [name for name in wanted if settings.row(name)[KIND] == FILE]
    for name in files + [name for name in wanted if name not in files]:
        settings.set(name, wanted[name])
    return settings.flush()


def restarts(settings, wanted):
    """Whether one of them makes the camera restart by itself."""
    return any([settings.row(name)[FLAGS] & RESTART for name in wanted])
