"""Checks after every fault: the camera serves, has lost no memory, and left nothing open."""

import contextlib

from sim import wait_until

LONGEST_PAUSE_MS = 200
MEMORY_BYTES = 2_048
ANSWER_S = 2
LOG_BYTES = 8_192  # of the 32 lines that the log keeps; it has few after a start


class Idle:
    """State of an idle camera: free heap in bytes, open sockets, and tasks of its loop."""

    def __init__(self, camera):
        self.free = camera.heap_free()
        self.sockets = camera.control("sockets")["open"]
        self.tasks = camera.control("tasks")["count"]


@contextlib.contextmanager
def invariants(camera, row, longest_pause_ms=LONGEST_PAUSE_MS, memory=MEMORY_BYTES):
    """Check a camera that is idle before and after the block.

    longest_pause_ms: of the loop while the block runs; None: not limited. memory: bytes of heap
    that the block may cost. Notes both figures in `row`.
    """
    before = Idle(camera)
    shown = len(camera.output)
    camera.control("pause")
    yield
    paused_ms = camera.control("pause")["ms"]
    row.figure("longest pause", paused_ms, "ms")
    if longest_pause_ms is not None:
        assert paused_ms <= longest_pause_ms, f"the loop paused for {paused_ms} ms"
    wait_until(lambda: camera.control("sockets")["open"] <= before.sockets, what="open sockets")
    wait_until(lambda: camera.control("tasks")["count"] <= before.tasks, what="ended tasks")
    with camera.within(ANSWER_S):
        assert camera.get("/api/status").status_code in (200, 401)
    wait_until(lambda: camera.heap_free() >= before.free - memory, what="memory", every_s=0.5)
    row.figure("heap lost", before.free - camera.heap_free(), "bytes")
    assert "Traceback" not in camera.output[shown:]


def settled(camera):
    """Wait for the broker, and make the camera import its pages, which it keeps."""
    camera.wait_status("mqtt connected")
    assert camera.get("/api/status").status_code == 200
