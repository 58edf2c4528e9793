"""What the tools need to know about a JPEG, by the firmware's own parser."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for _folder in ("lib", "tools/pc"):
    if str(ROOT / _folder) not in sys.path:
        sys.path.append(str(ROOT / _folder))

# ruff: noqa: E402
from proto.jpeg import BadJPEG, dimensions, newest


def is_whole(data):
    """Return true if the data is one whole JPEG."""
    try:
        return len(newest(memoryview(data))) == len(data)
    except BadJPEG:
        return False


def size(data):
    """Return (width, height)."""
    return dimensions(memoryview(data))
