"""One table of commands for every door: MQTT, telnet, UART, HTTP."""

from aio.late import borrow
from app.commandtable import FLAGS, GROUP_TOO, OWNER, REPLY, find
from proto.values import UnknownCommand


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
        return borrow("app.commandlist").names(group)

    async def call(self, name, argument, group=False):
        """(reply name, reply text, flags); raises UnknownCommand, BadArgument."""
        name, argument = name.lower(), argument.strip()
        if name in self._settings:
            return self._settings.command(name, argument, group)
        row = find(name)
        if not row or (group and not row[FLAGS] & GROUP_TOO):
            raise UnknownCommand(name)
        owner = self._owners[row[OWNER]]
        return row[REPLY], getattr(owner, "cmd_" + name)(argument), row[FLAGS]

    def cmd_help(self, argument):
        return borrow("app.commandlist").help_on(argument.lower())
