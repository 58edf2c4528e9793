"""Folder with pictures whose names are the times of their exposure."""

import contextlib
import os
import re
import time
from datetime import datetime, timezone
from pathlib import Path

_NAME = re.compile(r"(\d{8}T\d{6}\.\d{3})Z(-\d+)?\.jpg")
_FORMAT = "%Y%m%dT%H%M%S.%f"
_WRITTEN_S = 60  # a part of a picture that is older than that belongs to no program


class PictureFolder:
    """Files such as `20261127T063000.250Z.jpg`: the names are in UTC and sort by time."""

    def __init__(self, path):
        self.path = Path(path)

    def create(self):
        """Make the folder if there is none, and remove what an interrupted program has left."""
        self.path.mkdir(parents=True, exist_ok=True)
        for path in self.path.glob("*.jpg*.part"):
            with contextlib.suppress(FileNotFoundError):  # another program has finished it
                if time.time() - path.stat().st_mtime > _WRITTEN_S:
                    path.unlink()

    def add(self, jpeg, exposed):
        """Store a picture; return its path, or None if it is there already.

        exposed: when, with a time zone. Another picture of that time gets a number. An OSError
        names the folder.
        """
        stem = exposed.astimezone(timezone.utc).strftime(_FORMAT)[:-3] + "Z"
        path, number = self.path / f"{stem}.jpg", 1
        while path.exists():
            if path.stat().st_size == len(jpeg) and path.read_bytes() == jpeg:
                return None
            number += 1
            path = self.path / f"{stem}-{number}.jpg"
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            part.write_bytes(jpeg)
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            error.filename = str(self.path)
            raise
        os.utime(path, (exposed.timestamp(),) * 2)
        return path

    def select(self, since=None, until=None):
        """Return the paths of the pictures from `since` to before `until`, in their order."""
        found = []
        for path in self.path.glob("*.jpg"):
            match = _NAME.fullmatch(path.name)
            if match:
                exposed = datetime.strptime(match[1], _FORMAT).replace(tzinfo=timezone.utc)
                if (not since or exposed >= since) and (not until or exposed < until):
                    found.append((exposed, int((match[2] or "-1")[1:]), path))
        return [path for _, _, path in sorted(found)]
