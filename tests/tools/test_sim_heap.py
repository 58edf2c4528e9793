"""--heap is what the firmware finds: what the simulated silicon takes is put on top, no more."""

import subprocess
import sys

import boardmemory
import interpreter32
import pytest

MODULES = "world socket time machine network esp32 camera ssl ntptime repl umqtt.robust".split()
BUFFER = 320 * 240 // 5  # the driver's, at QVGA
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
    """(interpreter, True): one with 32 bits, code in ROM."""
    try:
        return str(interpreter32.fetch()), True
    except interpreter32.Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture(params=["files", "rom"])
def kind(request, interpreter):
    """(interpreter, whether code is in ROM)"""
    return (interpreter, False) if request.param == "files" else request.getfixturevalue("in_rom")


def run(repo, folder, kind, program, *args):
    """What a program prints on the simulated board."""
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


def test_allowance_is_what_the_modules_take(repo, tmp_path, kind):
    output = run(repo, tmp_path, kind, TAKEN)
    most = 1_000 if kind[1] else 6_000  # figures are measured with code in ROM
    assert abs(number(output) + BUFFER - boardmemory.simulated(*kind)) < most
    if kind[1]:
        assert abs(boardmemory.names(output)) < 500


def test_heap_is_as_large_as_said(repo, tmp_path, kind):
    total = number(run(repo, tmp_path, kind, TOTAL, "--heap", "512K"))
    wanted = (512 << 10) + boardmemory.simulated(*kind)
    assert 0.96 * wanted < total <= wanted  # the collector's tables are part of it


IN_PLACE = """import gc
import app.system
gc.collect()
print('bytes', gc.mem_alloc())
"""


def test_code_in_rom_stays_out_of_the_heap(repo, tmp_path, in_rom):
    from_files = number(run(repo, tmp_path, (in_rom[0], False), IN_PLACE))
    assert number(run(repo, tmp_path, in_rom, IN_PLACE)) < 0.7 * from_files


def test_rom_needs_32_bits(repo, tmp_path, interpreter):
    line = [sys.executable, str(repo / "tools/sim/run.py"), "--rom", "--state", str(tmp_path)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and "32-bit words" in done.stderr
