"""One table of commands for every door: MQTT, telnet, UART, HTTP."""

from app.schema import COMMANDS, GROUP, GROUP_TOO, HIDDEN
from proto.values import BadArgument, UnknownCommand

NAME, FLAGS, OWNER, REPLY, HELP = range(5)


class Commands:
    """Finds and calls commands; settings are commands of their own name."""

    def __init__(self, settings):
        self._settings = settings
        self._rows = {row[NAME]: row for row in COMMANDS}
        for name in settings.names():
            flags = settings.row(name)[5]
            if not flags & HIDDEN:
                group = GROUP_TOO if flags & GROUP else 0
                text = str(settings.row(name)[4])
                self._rows[name] = (name, group, "settings", name, text)
        self._owners = {"commands": self, "settings": self}

    def own(self, **owners):
        """Who has the methods cmd_<command> of the table's owners."""
        self._owners.update(owners)

    def names(self, group=False):
        """All commands, sorted; those for the group topic alone."""
        return sorted(n for n, row in self._rows.items() if not group or row[FLAGS] & GROUP_TOO)

    def call(self, name, argument, group=False):
        """(reply name, reply text, flags); raises UnknownCommand, BadArgument."""
        row = self._rows.get(name.lower())
        if not row or (group and not row[FLAGS] & GROUP_TOO):
            raise UnknownCommand(name)
        argument = argument.strip()
        owner = self._owners[row[OWNER]]
        if owner is self and row[OWNER] == "settings":
            return row[REPLY], self._setting(row[NAME], argument), row[FLAGS]
        return row[REPLY], getattr(owner, "cmd_" + row[NAME])(argument), row[FLAGS]

    def _setting(self, name, argument):
        if argument:
            self._settings.set(name, argument)
        return self._settings.show(name)

    def cmd_help(self, argument):
        if argument:
            row = self._rows.get(argument.lower())
            if not row:
                raise BadArgument("no such command")
            return "{} {}".format(row[NAME], row[HELP])
        return "\n".join("{} {}".format(n, self._rows[n][HELP]) for n in self.names())
