"""Property tests that run the firmware's pure modules on CPython with generated input."""

import sys
from pathlib import Path

from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent.parent
# tools/pc replaces MicroPython's own modules, tests/e2e has the certificates
for folder in ("lib", "tools/pc", "tests/e2e"):
    if str(ROOT / folder) not in sys.path:
        sys.path.append(str(ROOT / folder))

settings.register_profile("unit", max_examples=100, deadline=None, derandomize=True)
settings.load_profile("unit")
