"""Property tests: CPython runs the firmware's pure modules over what nobody thought of."""

import sys
from pathlib import Path

from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent.parent
for folder in ("lib", "tools/pc"):  # tools/pc: what stands in for MicroPython's own modules
    if str(ROOT / folder) not in sys.path:
        sys.path.append(str(ROOT / folder))

settings.register_profile("unit", max_examples=150, deadline=None, derandomize=True)
settings.load_profile("unit")
