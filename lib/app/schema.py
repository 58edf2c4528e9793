"""What the rows of the settings' table (app.schematable) mean: a row is the whole truth about one.

Masking, help, storage, documentation and tests are generated from these rows. Borrow this module
(aio.late): values are in RAM always, what may be said of them only while somebody asks.
"""

from micropython import const

from aio.late import borrow

NAMESPACE = "syscfg"

INT = const(0)  # stored in NVS as i32, as blob, or as a file of that name
TEXT = const(1)
FILE = const(2)

SECRET = const(1)  # shown as *** everywhere
GROUP = const(2)  # also allowed on the group topic
RESTART = const(4)  # takes effect by a restart
REJOIN = const(8)  # the Wi-Fi station joins anew
RECONNECT = const(16)  # the MQTT session connects anew
FRESH = const(32)  # forces a clean MQTT session (subscriptions of the old one would live on)
HIDDEN = const(64)  # not a command of its own
DEFAULT_BY_1 = const(128)  # the payload "1" restores the default
LOG = const(512)  # what the log keeps
DEVICE_ID_TOO = const(256)  # the default is also restored by the device id
CERTIFICATE = const(1024)  # a file that TLS has to be able to use
PUBLIC_KEY = const(2048)  # a file that is kept until a reset
HASHED = const(4096)  # kept as a salted hash
LOGIN = const(8192)  # an address that may hold a password

NAME = const(0)  # columns of a setting
KEY = const(1)
KIND = const(2)
DEFAULT = const(3)
CHECK = const(4)
FLAGS = const(5)


def all_rows():
    """Each row as (name, key, kind, default, check, flags)."""
    table = _table()
    at = 1
    while at < len(table):
        end = table.find("\n", at)
        yield _row(table[at:end])
        at = end + 1


def rows(names):
    """{name: row} of those that there are; the table is in memory for as long as this takes."""
    table, found = _table(), {}
    for name in names:
        at = table.find("\n{}|".format(name)) + 1
        if at and "|" not in name:
            found[name] = _row(table[at : table.find("\n", at)])
    return found


def find(name):
    """The row of a setting, or None."""
    return rows((name,)).get(name)


def _table():
    return borrow("app.schematable").TABLE


def _row(line):
    name, key, kind, default, check, flags = line.split("|")
    kind = globals()[kind]
    if kind == INT:
        default = int(default)
    return name, key, kind, default, check, sum([globals()[flag] for flag in flags.split()])


def choices(row):
    """The names of the values, in the order of their numbers; none where it is no choice."""
    what, *names = row[CHECK].split(" ")
    return names if what == "numbers.OneOf" else ()


def check_of(row, kept):
    """The check of a setting, to be called with text; `kept` has what checks() gave."""
    return (kept.get("rowcheck") or borrow("app.rowcheck")).made(row[CHECK], kept)


def checks():
    """What to hand to check_of() for many rows: the modules that most of them need."""
    names = {"rowcheck": "app.rowcheck", "numbers": "proto.numbers", "texts": "proto.texts"}
    return {name: borrow(module) for name, module in names.items()}
