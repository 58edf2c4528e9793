"""Ready file, written each time the camera's web server starts to listen.

A newly flashed board has no web server yet. Its ready file is written as soon as the interpreter
runs.
"""

import asyncio
import json
import os
from pathlib import Path

_LISTEN = "0A"
_POLL_S = 0.02


def listening(port):
    """Return True if a loopback socket listens on `port`, without connecting to it."""
    with open("/proc/net/tcp") as file:
        next(file)
        for line in file:
            _, local, _, state, *_ = line.split()
            if state == _LISTEN and int(local.rpartition(":")[2], 16) == port:
                return True
    return False


class ReadyFile:
    """Writes `facts` to `path` once per start of the board."""

    def __init__(self, path, air, board, facts, blank=False):
        self._path = path and Path(path)
        self._air = air
        self._board = board
        self._facts = facts
        self._blank = blank

    async def run(self):
        written = 0
        while True:
            if self._board.boots != written and (self._blank or self._serves()):
                written = self._board.boots
                self._write()
            await asyncio.sleep(_POLL_S)

    def _serves(self):
        port = self._air.inside(80)
        return port and listening(port)

    def _write(self):
        facts = {**self._facts, "pid": self._board.pid, "boots": self._board.boots}
        part = self._path.with_name(self._path.name + ".part")
        part.write_text(json.dumps(facts) + "\n")
        os.replace(part, self._path)
