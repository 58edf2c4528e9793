"""Several settings saved as one: a record that is whole or worth nothing.

NVS keeps each key safe by itself, but a save of several keys is no transaction. The record of
all of them is written first, under one key; after a power cut it is played again.
"""

from binascii import crc32

_TEXT, _INT = b"t", b"i"


def pack(changes):
    """The record of [(key, int or bytes, or None for erased), ...]."""
    out = bytearray()
    for key, value in changes:
        kind = b"-" if value is None else _INT if isinstance(value, int) else _TEXT
        data = b"" if value is None else str(value).encode() if kind == _INT else value
        out += bytes((len(key),)) + key.encode() + kind
        out += len(data).to_bytes(2, "big") + data
    return crc32(out).to_bytes(4, "big") + bytes(out)


def unpack(record):
    """The changes in a record; [] for one that is cut off or damaged."""
    body = record[4:]
    if len(record) < 4 or crc32(body) != int.from_bytes(record[:4], "big"):
        return []
    changes, at = [], 0
    while at < len(body):
        end = at + 1 + body[at]
        key, kind = body[at + 1 : end].decode(), body[end : end + 1]
        start = end + 3
        at = start + int.from_bytes(body[end + 1 : start], "big")
        data = bytes(body[start:at])
        changes.append((key, None if kind == b"-" else int(data) if kind == _INT else data))
    return changes
