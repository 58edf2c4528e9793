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
    (64, False): 85 << 10,
    (32, False): 63 << 10,
    (32, True): 44 << 10,
}
SIMULATED_NAMES = 4_496  # bytes of these that are the table of names, with 32-bit words
_NAMES = re.compile(r"n_str_data_bytes=(\d+), n_total_bytes=(\d+)")


def simulated(interpreter, rom=False):
    """Return the heap bytes of the simulated chip; ValueError if `rom` needs 32-bit words."""
    kind = (word_bits(interpreter), rom)
    if kind not in SIMULATED:
        raise ValueError(f"{interpreter} does not have 32-bit words; code in ROM needs them")
    return SIMULATED[kind]


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
