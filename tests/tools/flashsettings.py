"""The firmware's settings in this process, over NVS and files on the simulated flash."""

import asyncio
import functools
import gc

from errors import os_error
from inprocess import Board
from littleos import File, LittleOS

from app import password, signing_key, tls
from app.settings import filechecks, store
from app.settings.schema import (
    FILE,
    KEY,
    KIND,
    NAME,
    NAMESPACE,
    SCHEMA,
)
from app.settings.settings import Settings
from hal import bootnote
from hal.nvs import NVS


def patched(monkeypatch):
    """Return the file system that the firmware's modules use from now on.

    Any text is accepted as a certificate or a key.
    """
    files = LittleOS()
    for module in (store, bootnote):
        monkeypatch.setattr(module, "os", files)
    monkeypatch.setattr(store, "open", files.open, raising=False)
    monkeypatch.setattr(filechecks, "certificates", lambda text: None)
    monkeypatch.setattr(filechecks, "public_key", lambda text: None)
    monkeypatch.setattr(filechecks, "private_key", lambda text: None)
    monkeypatch.setattr(tls, "check_ca", lambda text: None)
    monkeypatch.setattr(tls, "check_client", lambda *pair: None)
    monkeypatch.setattr(signing_key, "check", lambda text, path: None)
    monkeypatch.setattr(gc, "threshold", lambda count: None, raising=False)
    return files


def board_with(files, cells=None, seed=0):
    board = Board(cells, seed)
    board.attach()
    files.mount(board)
    return board


class Log:
    """Keeps what the settings log as errors."""

    def __init__(self):
        self.errors = []

    def error(self, who, text):
        self.errors.append(text)

    def info(self, who, text):
        pass

    def debug(self, who, text, *args):
        pass


class Refusals:
    """Lets `left` writes of NVS and of files succeed, and raises an error instead of the next."""

    def __init__(self, monkeypatch, error):
        self.left = None  # None: all succeed
        self._error = os_error(*error)
        write, full = File.write, OSError(28, "ENOSPC")
        monkeypatch.setattr(File, "write", lambda *args: self._do(write, full, *args))

    def attach(self, board):
        for name in ("nvs.set", "nvs.erase"):
            work = board.calls[name]
            board.calls[name] = lambda *args, work=work: self._do(work, self._error, *args)

    def _do(self, work, error, *args):
        if self.left == 0:
            raise error
        if self.left is not None:
            self.left -= 1
        return work(*args)


def settings_of(log=None):
    """Return the settings after a start of the board that is attached."""
    return Settings(NVS(NAMESPACE), log or Log())


def save(values, settings=None):
    """Apply {name: text} in one save; return the settings. Fails unless all of it is stored."""
    settings = settings or settings_of()
    applied = asyncio.run(settings.apply(values))
    assert applied.saved, applied.faults
    return settings


def in_force(settings, files):
    """Return {name: value} as the camera uses them; of a file its text."""
    values = {}
    for row in SCHEMA:
        value = settings[row[NAME]]
        values[row[NAME]] = files.read(row[KEY]) if row[KIND] == FILE and value else value
    return values


@functools.cache
def is_password(text, stored):
    """Return True if a stored hash is that of a password."""
    return asyncio.run(password.matches(text, stored))
