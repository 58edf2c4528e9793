"""--heap is what the firmware finds: what the simulated silicon takes is put on top, no more."""

import re
import subprocess
import sys

import pytest
from mirror import has_64_bits

MODULES = "world socket time machine network esp32 camera ssl ntptime repl umqtt.robust".split()
BUFFER = 320 * 240 // 5  # the driver's, at QVGA
TOTAL = "import gc\ngc.collect()\nprint('bytes', gc.mem_alloc() + gc.mem_free())\n"
TAKEN = f"""import gc
for name in {MODULES}:
    __import__(name)
gc.collect()
print('bytes', gc.mem_alloc())
"""


@pytest.fixture
def own(repo, interpreter):
    text = (repo / "tools" / "sim" / "firmware.py").read_text()
    heaps = eval(re.search(r"^OWN_HEAP = (.*)$", text, re.MULTILINE)[1])
    return heaps[64 if has_64_bits(interpreter) else 32]


def run(repo, folder, program, *args):
    """The number that a program prints on the simulated board."""
    file = folder / "program.py"
    file.write_text(program)
    line = [sys.executable, str(repo / "tools/sim/run.py"), "--run", str(file), "--quiet"]
    line += ["--state", str(folder / "state"), "--fast", *args]
    line += [f"--{name}-port=0" for name in ("http", "telnet", "dns", "control")]
    done = subprocess.run(line, capture_output=True, text=True, timeout=30, cwd=folder)
    return int(done.stdout.rpartition("bytes ")[2].split()[0])


def test_allowance_is_what_the_modules_take(repo, tmp_path, own):
    taken = run(repo, tmp_path, TAKEN) + BUFFER
    assert abs(taken - own) < 6_000


def test_heap_is_as_large_as_said(repo, tmp_path, own):
    total = run(repo, tmp_path, TOTAL, "--heap", "512K")
    wanted = (512 << 10) + own
    assert 0.96 * wanted < total <= wanted  # the collector's tables are part of it
