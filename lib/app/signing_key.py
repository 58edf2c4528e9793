"""The key that updates must be signed with: once set, no command puts another in its place."""

from proto import signature
from proto.values import BadArgument


def check(text, path):
    """Raise BadArgument unless the key in `text` is one, and the one in the file `path` if any."""
    try:
        new = signature.public_key(text.encode())
    except ValueError as e:
        raise BadArgument(str(e)) from None
    try:
        old = read(path)
    except ValueError as e:
        raise BadArgument(str(e)) from None
    if old and new != old:
        raise BadArgument("there is a key already; only a reset takes it away")


def read(path):
    """The key of a file; None without a path. ValueError for one that is unreadable."""
    if not path:
        return None
    try:
        with open(path, "rb") as f:
            return signature.public_key(f.read(1_024))
    except OSError as e:
        raise ValueError("otakey cannot be read: {}".format(e)) from None


def trouble(tail, digest, key):
    """What is wrong with what stands behind an update of that SHA-256; "" when all is well."""
    if tail:
        size = signature.size_of(tail) if len(tail) >= signature.HEAD else 0
        if size != len(tail) or tail[12 : signature.HEAD] != digest:
            return "something follows the image"
    if key and len(tail) <= signature.HEAD:
        return "not signed"
    if key and not signature.verified(tail, digest, key):
        return "signed with another key"
    return ""
