"""The copies of the application: two archives, and the one that the firmware itself holds.

boot.py starts one of them according to the note (hal.bootnote), which is read and changed here.
`app_a.zip` contains what `lib` does, and `config`, and is mounted as `/app_a` (hal.zipfs).
A new copy that has started once without being confirmed is given up by the next start, as is a
copy that failed three times in a row; after five failures the firmware's own copy runs in safe
mode. A copy belongs to the firmware image that was running when it was chosen: another image
brings its own application, and when that image is rolled back the copy runs again.
"""

import os

from hal import bootnote
from hal.bootnote import COPIES, NEW, PENDING, SAFE_STARTS, VALID, Note, files, remove  # noqa: F401 - app.ota.app_archive calls them here


def running():
    """Return the copy that this start runs, "" for the firmware's own."""
    return "" if safe_mode() else COPIES[_note().copy]


def spare():
    """Return the copy for the next update: the one that does not run."""
    return COPIES[2 if _note().copy == 1 else 1]


def forget(name):
    """Never go back to a copy, because its archive is about to be replaced."""
    note = _note()
    if name and COPIES[note.before] == name:
        note.before = 0
        bootnote.save(note)


def tidy():
    """Remove archives that are not finished; return their paths."""
    removed = []
    for copy in COPIES[1:]:
        path = files(copy)[1]
        try:
            os.remove(path)
            removed.append(path)
        except OSError:  # there is none
            pass
    return removed


def choose(name):
    """Let the next restart try a copy that is complete and checked."""
    note = Note()
    note.copy, note.before = COPIES.index(name), COPIES.index(running())
    note.state = NEW
    note.image = bootnote.firmware()
    bootnote.save(note)


def unconfirmed():
    """Return True if the next restart gives up the running copy."""
    note = _note()
    return note.copy != 0 and note.state == PENDING


def confirm():
    """Keep the running copy; return False if it needs no confirmation."""
    if not unconfirmed():
        return False
    note = _note()
    note.state, note.starts, note.failed = VALID, 0, 0
    bootnote.save(note)
    return True


def failed():
    """Return the copy that was given up last, or ""."""
    return COPIES[_note().failed]


def safe_mode():
    """Return True after so many failed starts that only the means of repair should run."""
    return _note().starts >= SAFE_STARTS


def _note():
    """Return the note of the running firmware; in another's only the failed starts count."""
    note, image = bootnote.load(), bootnote.firmware()
    if note.image != image:
        starts = note.starts
        note = Note()
        note.starts, note.image = starts, image
    return note
