"""The firmware's settings on CPython, with any content of the store."""

from app import password
from app.settings.schema import CHECK, DEFAULT, FLAGS, HASHED
from app.settings.settings import Settings
from proto.values import BadArgument

DAMAGED = "a blob that cannot be read"


class NVS:
    """Stands in for hal.nvs, over a dict."""

    def __init__(self, stored):
        self.stored = dict(stored)

    def get_int(self, key, default=None):
        value = self.stored.get(key)
        return value if isinstance(value, int) else default

    def get_blob(self, key, default=None):
        value = self.stored.get(key)
        return value if isinstance(value, bytes) else default

    def is_damaged(self, key):
        return self.stored.get(key) is DAMAGED

    def set_int(self, key, value):
        self.stored[key] = value

    set_blob = set_int

    def erase(self, key):
        self.stored.pop(key, None)

    def commit(self):
        pass


class Log:
    def __init__(self):
        self.errors = []

    def debug(self, who, text, *args):
        pass

    def error(self, who, text):
        self.errors.append(text)


def start(stored):
    nvs, log = NVS(stored), Log()
    return Settings(nvs, log, "DVES_A1B2C3"), nvs, log


def allowed(row, value):
    """Return True if a value is the default, a hash, or accepted by its own check."""
    if value == row[DEFAULT]:
        return True
    if row[FLAGS] & HASHED and password.is_hash(value):
        return True
    try:
        return row[CHECK](str(value)) == value
    except BadArgument:
        return False
