"""All commands at once: the table's and the settings', for help and SYNTAX; borrow it."""

from app.commandtable import FLAGS, GROUP_TOO, HELP, NAME
from app.commandtable import rows as commands
from app.settings.schema import all_rows, check_of, checks
from proto.values import BadArgument


def names(group):
    """Sorted; for the group topic those that it may use."""
    return sorted(row[NAME] for row in _rows() if not group or row[FLAGS] & GROUP_TOO)


def help_on(name):
    """A line for each command, or for the named one."""
    rows = sorted(_rows())
    if name:
        rows = [row for row in rows if row[NAME] == name]
        if not rows:
            raise BadArgument("no such command")
    return "\n".join("{} {}".format(row[NAME], row[HELP]) for row in rows)


def _rows():
    """The commands' rows, and the settings' as if they stood among them."""
    rows, kept = list(commands()), checks()
    for row in all_rows():
        name, *_, flags = row
        if "hidden" not in flags:
            group = GROUP_TOO if "group" in flags else 0
            rows.append((name, group, "settings", name, str(check_of(row, kept))))
    return rows
