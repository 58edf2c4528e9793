"""One table of commands for every door: MQTT, telnet, UART, HTTP."""

from aio.late import borrow
from app.commandtable import COMMANDS, FLAGS, GROUP_TOO, HELP, NAME, OWNER, REPLY
from proto.values import BadArgument, UnknownCommand

_SETTINGS = "settings"  # who owns what is no method


class Commands:
    """Finds and calls commands; settings are commands of their own name."""

    def __init__(self, settings):
        self._settings = settings
        self._owners = {"commands": self}

    def own(self, **owners):
        """Who has the methods cmd_<command> of the table's owners."""
        self._owners.update(owners)

    def names(self, group=False):
        """All commands, sorted; those for the group topic alone."""
        return sorted(row[NAME] for row in self._all() if not group or row[FLAGS] & GROUP_TOO)

    def call(self, name, argument, group=False):
        """(reply name, reply text, flags); raises UnknownCommand, BadArgument."""
        name, argument = name.lower(), argument.strip()
        row = _find(name) or self._setting_row(name)
        if not row or (group and not row[FLAGS] & GROUP_TOO):
            raise UnknownCommand(name)
        if row[OWNER] == _SETTINGS:
            return row[REPLY], self._setting(name, argument), row[FLAGS]
        owner = self._owners[row[OWNER]]
        return row[REPLY], getattr(owner, "cmd_" + name)(argument), row[FLAGS]

    def _setting_row(self, name):
        row = self._settings.row(name) if name in self._settings else None
        return row and _as_command(borrow("app.schema"), row)

    def _setting(self, name, argument):
        if argument:
            self._settings.set(name, argument)
        return self._settings.show(name)

    def _all(self):
        """The table's rows, and the settings' as if they stood in it."""
        schema = borrow("app.schema")
        return list(COMMANDS) + [_as_command(schema, row) for row, _ in self._settings.all()]

    def cmd_help(self, argument):
        rows = sorted(self._all())
        if argument:
            rows = [row for row in rows if row[NAME] == argument.lower()]
            if not rows:
                raise BadArgument("no such command")
        return "\n".join("{} {}".format(row[NAME], row[HELP]) for row in rows)


def _find(name):
    for row in COMMANDS:
        if row[NAME] == name:
            return row
    return None


def _as_command(schema, row):
    group = GROUP_TOO if row[schema.FLAGS] & schema.GROUP else 0
    return row[schema.NAME], group, _SETTINGS, row[schema.NAME], str(row[schema.CHECK])
