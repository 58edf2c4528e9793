"""What the commands of updates do; `of` is the Updater."""

from aio.late import borrow
from proto.values import BadArgument, confirmed


def upgrade(of, argument):
    """Fetch the update that `otaurl` names."""
    if argument != "force":
        confirmed(argument, "upgrade")
    url = of.settings["otaurl"]
    if not url:
        raise BadArgument("otaurl is not set")
    borrow("proto.url").parse(url)
    why = of.begin("pull", argument == "force")
    if why:
        return why
    of.asked.set()
    return "Upgrade " + borrow("app.update.firmware").running(of).version


def start(of, argument):
    """Take the update that is sent to OTA/<device id>/data; `on` is said once we listen there."""
    argument = {"on": "1", "off": "0"}.get(argument.lower(), argument)
    if not argument:
        return "on" if of.job == "push" else "off"
    if argument == "0":
        if of.job == "push" and of.state == "waiting":
            of.state = "stopping"
            return None
        return "busy" if of.job else "off"
    if argument not in ("1", "force"):
        raise BadArgument("1 | force | 0")
    why = of.begin("push", argument == "force")
    if why:
        return why
    of.asked.set()
    return None


def confirm(of, argument):
    """The running image stays."""
    confirmed(argument, "confirm")
    if not of.pending:
        return "OTA image already confirmed"
    borrow("app.update.trial").confirm(of)
    return "Confirmed OTA image"
