"""Time of motion detection: a VGA picture decoded to cells, and the cells compared."""

import io
import re
import shutil
import sys
import tempfile
from pathlib import Path

from interpreter import find
from mirror import mirror_for
from program import BOARD, ROOT, results
from rows import Row

LEAST_GAIN = 8  # of the machine code, compared with bytecode
MOST_BYTES = 256
_VIPER = re.compile(r"@micropython\.viper\n|: (ptr8|ptr16|ptr32|int)\b| -> int\b")
_MODULES = ("proto/jpegscan", "app/motion/light", "app/motion/detector")


def motion(quick):
    """Yield ms per picture of the decoder and the detector, compared with their bytecode."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "vga.jpg"
        picture.write_bytes(_picture())
        plain = Path(folder) / "plain"
        _write_bytecode(plain)
        usual = {"picture": str(picture), "count": 10 if quick else 100}
        [fast] = results("motion", path=[BOARD / "tls"], **usual)
        [slow] = results("motion", path=[plain, BOARD / "tls"], **usual)
    for name, title in (("decode", "decode a VGA picture of 36 KB"), ("compare", "compare")):
        ratio = slow[name] / fast[name]
        title = f"motion: {title} / as bytecode"
        yield Row(title, fast[name] / 1_000, "ms", ratio, at_least=LEAST_GAIN)
    yield Row("motion: heap allocated per picture", fast["bytes"], "bytes", at_most=MOST_BYTES)


def _picture():
    """Return a picture of the simulated scene, with the colours sampled like the OV2640's."""
    sys.path.append(str(ROOT / "tools" / "sim"))
    from scene import Scene  # lazy: not on the path before

    out = io.BytesIO()
    Scene().draw(640, 480, 1, 100.0).save(out, "JPEG", quality=82, subsampling="4:2:2")
    return out.getvalue()


def _write_bytecode(folder):
    """Write the application with its machine code as bytecode."""
    shutil.copytree(mirror_for(find()) / "root" / "lib", folder)
    for name in _MODULES:
        source = _VIPER.sub("", (ROOT / "lib" / f"{name}.py").read_text())
        (folder / f"{name}.mpy").unlink()
        (folder / f"{name}.py").write_text(source)
