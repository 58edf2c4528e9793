"""Memory as the board has it: words of 32 bits, code in ROM, a heap for data alone.

MicroPython runs bytecode of a mounted ROM file system in place, as it runs what is frozen in a
firmware image: the heap holds only the objects that importing it makes. One difference is left:
a frozen image has the names of its code in flash, too. Here their table is on the heap, which
grows it by steps of up to 18 KB, so it is measured and left out (`names`).
"""

import contextlib
import io
import os
import re
from pathlib import Path

from mirror import word_bits

# Bytes of the interpreter's heap that the chip would not spend: its modules (tools/sim/board) are
# C in flash, umqtt is frozen there, and the camera driver's buffer (15 KB at QVGA) is in PSRAM.
SIMULATED = {  # (bits of a word, code in ROM)
    (64, False): 79 << 10,
    (32, False): 58 << 10,
    (32, True): 41 << 10,
}
SIMULATED_NAMES = 4_496  # bytes of the table of names in that, on 32 bits
_NAMES = re.compile(r"n_str_data_bytes=(\d+), n_total_bytes=(\d+)")


def simulated(interpreter, rom=False):
    """Return the bytes of heap that the simulated silicon takes; ValueError: no ROM with this."""
    kind = (word_bits(interpreter), rom)
    if kind not in SIMULATED:
        raise ValueError(f"{interpreter} has no words of 32 bits, which code in ROM needs here")
    return SIMULATED[kind]


def names(output):
    """Return the heap bytes of the table of names, by what micropython.qstr_info() printed last.

    Its texts are not in it: they are read in place. Nor is what the simulated silicon takes.
    """
    texts, total = map(int, _NAMES.findall(output)[-1])
    return total - texts - SIMULATED_NAMES


def rom_image(mirror):
    """Bring `mirror`.romfs, all bytecode of a mirror (tools/compile.py), up to date; its path."""
    from mpremote.romfs import make_romfs  # here: only what measures memory needs it

    with contextlib.redirect_stdout(io.StringIO()):  # it lists what it packs
        data = make_romfs(str(mirror), mpy_cross=False)
    path = Path(f"{mirror}.romfs")
    if not path.exists() or path.read_bytes() != data:
        partial = Path(f"{path}.{os.getpid()}.part")  # two runners may pack at the same time
        partial.write_bytes(data)
        partial.replace(path)
    return path
