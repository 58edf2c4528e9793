"""Several settings at once: all are checked first, then all are in force and saved, or none."""

from aio.late import borrow
from proto.values import BadArgument


def faults(settings, wanted):
    """{name: what is wrong} of {name: text}; nothing is changed."""
    found, desk = {}, borrow("app.settingdesk")
    for name, text in wanted.items():
        try:
            if not desk.row(name):
                raise BadArgument("there is no such setting")
            desk.check(settings, name, text)
        except BadArgument as e:
            found[name] = str(e)
    return found


def make(settings, wanted):
    """Put faultless settings in force and save them as one; False when the flash refuses.

    Files go first: where there is no room for one, BadArgument says so and nothing has changed.
    """
    desk = borrow("app.settingdesk")
    of = desk.schema
    files = [name for name in wanted if of.find(name)[of.KIND] == of.FILE]
    for name in files + [name for name in wanted if name not in files]:
        desk.change(settings, name, wanted[name])
    return desk.save(settings)


def restarts(settings, wanted):
    """Whether one of them makes the camera restart by itself."""
    of = borrow("app.settingdesk").schema
    return any([of.find(name)[of.FLAGS] & of.RESTART for name in wanted])
