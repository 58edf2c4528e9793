"""What the commands of updates do; `of` is the Updater."""

from aio.late import borrow
from proto.values import BadArgument, confirmed

UNCONFIRMED = "Running image not confirmed"


def begin(of, job, force=False):
    """Take the one place there is: "" when it is ours, else why not."""
    if of.job:
        return "busy"
    if of.pending:
        return UNCONFIRMED
    of.force = force
    of.job = job
    return ""


def upgrade(of, argument):
    """Fetch the update that `otaurl` names."""
    if argument != "force":
        confirmed(argument, "upgrade")
    url = of.settings["otaurl"]
    if not url:
        raise BadArgument("otaurl is not set")
    borrow("proto.uri").parse_url(url)
    why = begin(of, "pull", argument == "force")
    return why or "Upgrade " + borrow("app.ota.checks").running(of).version


def mqttotastart(of, argument):
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
    return begin(of, "push", argument == "force") or None


def mqttotaconfirm(of, argument):
    """The running image stays."""
    confirmed(argument, "confirm")
    if not of.pending:
        return "OTA image already confirmed"
    borrow("app.ota.trial").confirm(of)
    return "Confirmed OTA image"
