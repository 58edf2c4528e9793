"""Commands: one table for MQTT, the consoles and HTTP.

A row is the whole truth about a command: help, replies, documentation and tests are generated from
it. Each setting is also a command, by its own name (app.settings.schema).
"""

from micropython import const

import app.settings.schema as schema
from proto.values import BadArgument, UnknownCommand

RETAIN = const(1)  # the reply is retained
QOS1 = const(2)  # the reply goes out at QoS 1
GROUP = const(4)  # also allowed on the group topic
PRIVATE = const(8)  # on consoles only the one that sent the command shows the reply
ALONE = const(16)  # it takes no argument

NAME, FLAGS, OWNER, REPLY, HELP = range(5)  # columns of a row

TABLE = (  # command, flags, owner, reply's name, help; the owner's method is cmd_<command>
    ("status", GROUP, "status", "status", "[1 | 2 | 3]  state; names; firmware; health"),
    ("config", PRIVATE | ALONE, "status", "config", "all settings, secrets masked"),
    ("log", PRIVATE | ALONE, "status", "log", "the last lines of the log"),
    ("time", GROUP | ALONE, "clock", "time", "local time"),
    ("camera", RETAIN, "params", "camera", '{"framesize": "VGA", ...}  parameters; empty: all'),
    ("help", GROUP | PRIVATE, "commands", "help", "[command]  all commands, or one"),
    ("power", RETAIN | QOS1 | GROUP, "power", "power", "off | on | toggle"),
    (
        "light",
        RETAIN | QOS1 | GROUP,
        "power",
        "power",
        "off | on | toggle | 3..100 (%)  the lamp, as power, and its brightness",
    ),
    ("timer", RETAIN, "power", "timer", "1..1440 | +N  minutes until power goes off"),
    ("capture", 0, "publisher", "capture", "publish a picture now"),
    ("live", 0, "live", "live", "0..600[,0.1..30]  live view: seconds, pictures per second"),
    ("upgrade", 0, "updater", "upgrade", "1 | force | 0  install the update at otaurl"),
    ("update", RETAIN, "update", "update", "1 to look for a new release; empty: state"),
    ("mqttotastart", 0, "updater", "mqttotastart", "1 | force | 0  receive an update by MQTT"),
    ("mqttotaconfirm", 0, "trial", "mqttotaconfirm", "1 to keep the running image"),
    ("rollback", 0, "trial", "rollback", "1 to give up the image on trial, and restart"),
    ("smartconfig", 0, "wifi", "smartconfig", "1 to open the access point for set-up"),
    ("restart", 0, "system", "restart", "1 to restart"),
    ("reset", 0, "system", "reset", "1 to erase the settings and restart"),
)
_BY_NAME = {row[NAME]: row for row in TABLE}


class Commands:
    """Finds and runs commands."""

    def __init__(self, settings):
        self._settings = settings
        self._owners = {"commands": self}

    def own(self, **owners):
        """Set the objects that have the methods cmd_<command> of the table's owners.

        A function returns the object; None: this board does not have it.
        """
        self._owners.update(owners)

    async def call(self, name, argument, group=False):
        """Return (reply's name, text or None if the reply comes later, flags).

        Raises UnknownCommand and BadArgument.
        """
        name = name.lower()
        setting = schema.find(name)
        if setting:
            return name, await self._settings.command(name, argument, group), RETAIN
        row = _BY_NAME.get(name)
        if not row or (group and not row[FLAGS] & GROUP):
            raise UnknownCommand(name)
        argument = argument.strip()
        if argument and row[FLAGS] & ALONE:
            raise BadArgument("takes no argument")
        owner = self._owners[row[OWNER]]
        if owner is None:
            raise BadArgument("this board has no PSRAM")
        run = getattr(owner() if callable(owner) else owner, "cmd_" + name)
        return row[REPLY], run(argument), row[FLAGS]

    def names(self, group=False):
        """Return all names, sorted; with `group` those that are allowed on the group topic."""
        found = [row[NAME] for row in TABLE if not group or row[FLAGS] & GROUP]
        for row in schema.SCHEMA:
            flags = row[schema.FLAGS]
            if not flags & schema.HIDDEN and (not group or flags & schema.GROUP):
                found.append(row[schema.NAME])
        return sorted(found)

    def cmd_help(self, argument):
        """Return a line for each command, in groups with a title, or for the named one."""
        name = argument.lower()
        if not name:
            return "\n".join(_help_in_groups())
        if name not in self.names():
            raise BadArgument("no such command")
        return _help(name)


def _help_in_groups():
    """Yield the lines of `help`: the commands, then the settings with their titles."""
    title = ""
    for row in TABLE:
        yield _help(row[NAME])
    for row in schema.SCHEMA:
        if row[schema.FLAGS] & schema.HIDDEN:
            continue
        if row[schema.GROUP_TITLE] != title:
            title = row[schema.GROUP_TITLE]
            yield "-- {} --".format(title)
        yield _help(row[schema.NAME])


def _help(name):
    row, setting = _BY_NAME.get(name), schema.find(name)
    return "{} {}".format(name, row[HELP] if row else setting[schema.CHECK])
