"""Settings as they are kept: keys of NVS, and a journal that makes several of them one save."""

from aio.late import borrow

_JOURNAL = "SAVE_JOURNAL"
_MOST_JOURNAL = 2_400  # bytes; more than all settings of one request have


def save(settings, lines):
    """Write what has changed, as one; True when it is done.

    `lines` are {name: line of the table} of that.
    """
    names, settings.dirty = settings.dirty, []
    try:
        store(settings.nvs, [(lines[name], settings[name]) for name in names])
        return True
    except (OSError, ValueError, MemoryError) as e:
        settings.dirty = names + [name for name in settings.dirty if name not in names]
        settings.log.error("settings", "not saved: {!r}".format(e))
        return False


def store(nvs, pairs):
    """Store [(line of the table, valid value), ...]: after a power cut all are old or all are new.

    Only what differs costs a write. Raises OSError when the flash refuses.
    """
    changes = [change for change in [_change(nvs, *pair) for pair in pairs] if change]
    unfinished = nvs.get_blob(_JOURNAL) is not None  # of a save that failed: void now
    record = b""
    if len(changes) > 1 or unfinished:
        record = borrow("app.settings.journal").pack(changes)
        if len(record) <= _MOST_JOURNAL:
            nvs.set_blob(_JOURNAL, record)
            nvs.commit()
    _play(nvs, changes)
    if record:
        _end(nvs)


def _change(nvs, line, value):
    """(key, what to store or None to erase), or None where that stands there already."""
    _, key, kind, default, _ = line.split("|", 4)
    stored = (nvs.get_int if kind == "int" else nvs.get_blob)(key)
    wanted = value if kind == "int" else value.encode()
    if str(value) == default:
        return None if stored is None else (key, None)
    return None if stored == wanted else (key, wanted)


def _play(nvs, changes):
    for key, value in changes:
        if value is None:
            nvs.erase(key)
        elif isinstance(value, int):
            nvs.set_int(key, value)
        else:
            nvs.set_blob(key, value)
    nvs.commit()


def recover(nvs, log):
    """A save that the power cut short is finished now."""
    record = nvs.get_blob(_JOURNAL)
    if record is None:
        return
    try:
        _play(nvs, borrow("app.settings.journal").unpack(record))
        _end(nvs)
    except (OSError, ValueError) as e:
        log.error("settings", "the journal cannot be played: {!r}".format(e))


def erase(nvs, keys):
    """Forget them, and what was to be saved."""
    for key in keys:
        nvs.erase(key)
    _end(nvs)


def _end(nvs):
    nvs.erase(_JOURNAL)
    nvs.commit()
