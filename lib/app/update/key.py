"""The key that updates must be signed with: once set, no command puts another in its place."""

from proto.signature import public_key
from proto.values import BadArgument


def check(text, path):
    """Raise BadArgument unless the key in `text` is one, and the one in the file `path` if any."""
    try:
        new = public_key(text.encode())
    except ValueError as e:
        raise BadArgument(str(e)) from None
    if path and new != read(path):
        raise BadArgument("there is a key already; only a reset takes it away")


def read(path):
    """The key of a file; None without a path. ValueError for one that is unreadable."""
    if not path:
        return None
    try:
        with open(path, "rb") as f:
            return public_key(f.read(1_024))
    except OSError as e:
        raise ValueError("otakey cannot be read: {}".format(e)) from None
