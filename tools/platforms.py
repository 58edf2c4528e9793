"""What the camera runs on, and the reason why another board is refused.

(1) The product's own image, which contains the application: with PSRAM, or without it and then
reduced. (2) The image of micropython-camera-API or micropython-camera-driver on a
board with PSRAM, with the application as files. `facts` are those of onboard/files.py.
"""

import re

OLDEST = (1, 21)
_PSRAM_HEAP = 1_000_000  # bytes; the chip's own memory has no room for such a heap
_OTHER_CHIP = re.compile(r"ESP32-?[SCHP]\d")  # but not ESP32-PICO, which is an ESP32
_OURS = "our image (make firmware, then make flash)"
_EITHER = _OURS + ", or the AI_THINKER release of micropython-camera-API followed by make deploy"
_CAMERAS = {
    "api": "micropython-camera-API",
    "driver": "micropython-camera-driver",
    "other": "an unknown camera module",
    "": "no camera module",
}


def describe(facts):
    """Return a line that describes the board."""
    heap = facts["heap_bytes"]
    return ", ".join(
        (
            facts["machine"],
            "MicroPython " + _version(facts),
            _CAMERAS[facts["camera"]],
            f"heap of {heap >> 10} KB ({'with' if heap > _PSRAM_HEAP else 'without'} PSRAM)",
            f"{facts['slots'] or 'no'} slots for updates",
            f"{facts['free_blocks']} of {facts['blocks']} blocks free",
        )
    )


def no_esp32(facts):
    """Return the reason why no tool can work with a board, or ""."""
    chip = facts["machine"].rpartition(" with ")[2]
    other = _OTHER_CHIP.search(chip)
    if other or not facts["esp32"]:
        return (
            f"the board is not an ESP32 but {facts['machine']}; the camera runs on the AI-Thinker "
            "ESP32-CAM"
        )
    if tuple(facts["version"][:2]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        return (
            f"the board runs MicroPython {_version(facts)}, and {oldest} is the oldest; "
            f"flash {_EITHER}"
        )
    return ""


def unsuitable(facts):
    """Return the reason why the application cannot run on a board, and what to do, or ""."""
    has_psram = facts["heap_bytes"] > _PSRAM_HEAP
    if no_esp32(facts) or facts["application"]:
        return no_esp32(facts)
    if not has_psram:
        return (
            f"the heap of {facts['heap_bytes'] >> 10} KB shows that this MicroPython does not use "
            "PSRAM, or that the board has none, so the application as files cannot start; flash "
            + (_OURS if facts["camera"] else _EITHER)
        )
    if facts["camera"] in ("", "other"):
        return f"this MicroPython has {_CAMERAS[facts['camera']]}; flash {_EITHER}"
    return ""


def _version(facts):
    return ".".join(map(str, facts["version"]))
