"""Import paths for tests of the simulated board's parts."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "tools" / "sim"))
