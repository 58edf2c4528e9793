"""--heap is the heap of the firmware; only the simulated chip's own memory is added to it."""

import subprocess
import sys

import boardmemory
import interpreter32
import pytest

MODULES = "world socket time machine network esp32 camera ssl ntptime repl umqtt.robust".split()
BUFFER = 320 * 240 // 5  # the driver's buffer at QVGA
TOTAL = "import gc\ngc.collect()\nprint('bytes', gc.mem_alloc() + gc.mem_free())\n"
TAKEN = f"""import gc
import micropython
for name in {MODULES}:
    __import__(name)
gc.collect()
micropython.qstr_info()
print('bytes', gc.mem_alloc())
"""


@pytest.fixture
def in_rom():
    """Return (32-bit interpreter, True) for code in ROM."""
    try:
        return str(interpreter32.fetch()), True
    except interpreter32.Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture(params=["files", "rom"])
def kind(request, interpreter):
    """Return (interpreter, True if code is in ROM)."""
    return (interpreter, False) if request.param == "files" else request.getfixturevalue("in_rom")


def run(repo, folder, kind, program, *args):
    """Return the output of a program on the simulated board."""
    interpreter, rom = kind
    file = folder / "program.py"
    file.write_text(program)
    line = [sys.executable, str(repo / "tools/sim/run.py"), "--run", str(file), "--quiet"]
    line += ["--state", str(folder / "state"), "--fast", "--micropython", interpreter, *args]
    line += [f"--{name}-port=0" for name in ("http", "telnet", "dns", "control")] + ["--rom"] * rom
    done = subprocess.run(line, capture_output=True, text=True, timeout=30, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def number(output):
    return int(output.rpartition("bytes ")[2].split()[0])


def test_allowance_equals_the_memory_of_the_modules(repo, tmp_path, kind):
    output = run(repo, tmp_path, kind, TAKEN)
    most = 1_000 if kind[1] else 6_000  # the figures are measured with code in ROM
    assert abs(number(output) + BUFFER - boardmemory.simulated(*kind)) < most
    if kind[1]:
        assert abs(boardmemory.names(output)) < 500


def test_size_of_the_heap(repo, tmp_path, kind):
    total = number(run(repo, tmp_path, kind, TOTAL, "--heap", "512K"))
    expected = (512 << 10) + boardmemory.simulated(*kind)
    assert 0.96 * expected < total <= expected  # includes the collector's tables


IN_PLACE = """import gc
import micropython
import app.system
gc.collect()
micropython.qstr_info()
print('bytes', gc.mem_alloc())
"""


def test_code_in_rom_stays_out_of_the_heap(repo, tmp_path, in_rom):
    from_files = number(run(repo, tmp_path, (in_rom[0], False), IN_PLACE))
    output = run(repo, tmp_path, in_rom, IN_PLACE)
    assert number(output) < 0.7 * from_files
    assert abs(boardmemory.names(output) - boardmemory.NAMES) < 1_000


def test_rom_needs_32_bits(repo, tmp_path, interpreter):
    line = [sys.executable, str(repo / "tools/sim/run.py"), "--rom", "--state", str(tmp_path)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and "32-bit words" in done.stderr
