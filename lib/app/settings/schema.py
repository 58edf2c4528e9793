"""What the rows of the settings' table mean: a row is the whole truth about one.

Kinds: `int` is kept in NVS as i32, `text` as blob, `file` as the file of that name. Flags:

    secret         shown as *** everywhere
    group          also allowed on the group topic
    restart        takes effect by a restart
    rejoin         the Wi-Fi station joins anew
    reconnect      the MQTT session connects anew
    fresh          forces a clean MQTT session (subscriptions of the old one would live on)
    hidden         not a command of its own
    default_by_1   the payload "1" restores the default, as does an empty text
    device_id_too  so does the device id
    log            what the log keeps
    certificate    a file that TLS has to be able to use
    public_key     a file that is kept until a reset
    hashed         kept as a salted hash
    login          an address that may hold a password

Masking, help, storage, documentation and tests are generated from these rows. Borrow this module
(aio.late): values are in RAM always, what may be said of them only while somebody asks.
"""

from micropython import const

from aio.late import borrow
from app.settings.row import columns, made

NAMESPACE = "syscfg"

NAME = const(0)  # columns of a row
KEY = const(1)
KIND = const(2)
DEFAULT = const(3)
CHECK = const(4)
FLAGS = const(5)

PARTS = (
    "app.settings.tablewifi",
    "app.settings.tablebroker",
    "app.settings.tabledevice",
)  # one at a time is in memory


def all_rows():
    """Each row as (name, key, kind, default, check, [flag, ...])."""
    for part in PARTS:
        yield from map(columns, borrow(part).ROWS.strip().split("\n"))


def lines(names):
    """{name: line of the table} of those that there are: less memory than rows of columns."""
    found = {}
    for part in PARTS:
        if len(found) < len(names):
            look(part, names, found)
    return found


def look(part, names, found):
    """Put the lines of one part into `found`."""
    text = borrow(part).ROWS
    for name in names:
        at = text.find("\n{}|".format(name)) + 1
        if at and "|" not in name:
            found[name] = text[at : text.find("\n", at)]


def find(name):
    """The row of a setting, or None."""
    line = lines((name,)).get(name)
    return line and columns(line)


def choices(row):
    """The names of the values, in the order of their numbers; none where it is no choice."""
    what, *names = row[CHECK].split(" ")
    return names if what == "numbers.OneOf" else ()


def check_of(row, kept):
    """The check of a setting, to be called with text; `kept` has what checks() gave."""
    return made(row[CHECK], kept)


def checks():
    """What to hand to check_of() for many rows: the modules that most of them need."""
    return {name: borrow("proto." + name) for name in ("numbers", "texts")}
