"""Memory as on the board: 32-bit words, code in ROM, a heap for data alone.

MicroPython runs the bytecode of a mounted ROM file system in place, like code that is frozen into
a firmware image: the heap holds only the objects that an import creates. One difference remains:
a frozen image also has the names (qstrs) of its code in flash. Here their table is on the heap and
grows in steps of up to 18 KB, so it is measured and subtracted (`names`).
"""

import contextlib
import io
import os
import re
from pathlib import Path

from mirror import word_bits

# Bytes of the interpreter's heap that the chip does not need: on it, the modules of
# tools/sim/board are C in flash, umqtt is frozen, and the camera driver's buffer (15 KB at QVGA)
# is in PSRAM.
SIMULATED = {  # (bits of a word, code in ROM): bytes
    (64, False): 108 << 10,
    (32, False): 81 << 10,
    (32, True): 60 << 10,
}
CAMERA_BUFFER = 320 * 240 // 5  # of these; there is none without PSRAM
# That code in a ROM file system takes and frozen code does not, of 163 KB in use after the start:
# 52 of 112 KB were measured with our image on an emulated chip; of what was added since then, the
# tables (entities, settings, parameters, 8 KB), which frozen code has in flash, and almost half of
# the rest. Of motion, live view and deep sleep, 3.8 KB: texts of more than ten characters,
# constants and functions.
FROZEN = 84_800
NAMES = 26_944  # the firmware's part of the table of names, whether pages are loaded or not
SIMULATED_NAMES = 9_008  # bytes of these that are the table of names, with 32-bit words
_NAMES = re.compile(r"n_str_data_bytes=(\d+), n_total_bytes=(\d+)")


def simulated(interpreter, rom=False):
    """Return the heap bytes of the simulated chip; ValueError if `rom` needs 32-bit words."""
    kind = (word_bits(interpreter), rom)
    if kind not in SIMULATED:
        raise ValueError(f"{interpreter} does not have 32-bit words; code in ROM needs them")
    return SIMULATED[kind]


def beside_small_heap(interpreter, rom):
    """Return the heap bytes that a chip without PSRAM does not need; ValueError unless 32 bits.

    With `rom`, the code counts as frozen: nothing of it is on the heap.
    """
    if word_bits(interpreter) != 32:
        raise ValueError(f"--psram none: {interpreter} does not have 32-bit words")
    chip = simulated(interpreter, rom) - CAMERA_BUFFER
    return chip + (FROZEN + NAMES if rom else 0)


def names(output):
    """Return the heap bytes of the table of names, as micropython.qstr_info() printed it last.

    The characters of the names do not count, because they are read in place; neither does the
    simulated chip.
    """
    characters, total = map(int, _NAMES.findall(output)[-1])
    return total - characters - SIMULATED_NAMES


def rom_image(mirror):
    """Pack the bytecode of a mirror (tools/compile.py) into `mirror`.romfs; return its path."""
    from mpremote.romfs import make_romfs  # lazy: only memory measurements need it

    with contextlib.redirect_stdout(io.StringIO()):  # it prints the files it packs
        data = make_romfs(str(mirror), mpy_cross=False)
    path = Path(f"{mirror}.romfs")
    if not path.exists() or path.read_bytes() != data:
        partial = Path(f"{path}.{os.getpid()}.part")  # another process may be packing
        partial.write_bytes(data)
        partial.replace(path)
    return path
