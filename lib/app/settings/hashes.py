"""Passwords that are stored as a hash, which takes a while to make."""

from app import password
from app.settings.schema import FLAGS, HASHED, NAME, SCHEMA, find


async def with_hashes(values):
    """Return [(row, value), ...] of {name: value}, where a hash replaces each password."""
    changes = []
    for name, value in values.items():
        row = find(name)
        changes.append((row, await password.hashed(value) if row[FLAGS] & HASHED else value))
    return changes


async def hash_clear_text(settings):
    """Hash passwords that `provision` of older versions has stored in clear text."""
    for row in SCHEMA:
        value = settings[row[NAME]]
        if row[FLAGS] & HASHED and value and not password.is_hash(value):
            settings.keep(row[NAME], await password.hashed(value))
