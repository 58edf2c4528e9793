"""Time zone rules of lib/www/zones.txt, from the tz database.

The database is the package tzdata, pinned in config/requirements.txt. The rule of a zone is the
POSIX TZ string in the footer of its TZif file (RFC 8536 section 3.3).
"""

import importlib.resources
import re

_DATABASE = importlib.resources.files("tzdata")
_ROW = re.compile(r"^(\S.*) \S+$", re.MULTILINE)


def rules():
    """Return {name: rule} of all zones in the database."""
    return {name: rule(name) for name in (_DATABASE / "zones").read_text().split()}


def rule(name):
    """Return the rule of a zone."""
    data = _DATABASE.joinpath("zoneinfo", *name.split("/")).read_bytes()
    return data.split(b"\n")[-2].decode("ascii")


def with_rules(table):
    """Return the table with the current rules in its rows `Name rule`."""
    return _ROW.sub(lambda row: f"{row[1]} {rule(row[1].replace(' ', '_'))}", table)
