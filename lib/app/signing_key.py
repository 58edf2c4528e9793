"""The public key that updates must be signed with; once set, no command replaces it."""

from proto import signature
from proto.values import BadArgument


def check(text, path):
    """Raise BadArgument unless `text` is a key, and the one in the file `path` if there is one."""
    try:
        new, old = signature.public_key(text.encode()), read(path)
    except ValueError as e:
        raise BadArgument(str(e)) from None
    if old and new != old:
        raise BadArgument("there is a key already; only a reset removes it")


def read(path):
    """Return the key in a file; None without a path. Raises ValueError if it is unreadable."""
    if not path:
        return None
    try:
        with open(path, "rb") as f:
            return signature.public_key(f.read(1_024))
    except OSError as e:
        raise ValueError("otakey cannot be read: {}".format(e)) from None


def refusal(tail, digest, key):
    """Return the reason to refuse an update with this SHA-256, followed by `tail`; or ""."""
    if tail:
        size = signature.size_of(tail) if len(tail) >= signature.HEAD else 0
        if size != len(tail) or tail[12 : signature.HEAD] != digest:
            return "unexpected data follows the image"
    if key and len(tail) <= signature.HEAD:
        return "not signed"
    if key and not signature.verified(tail, digest, key):
        return "signed with another key"
    return ""
