"""Stalls of the loop, over a slow link with four viewers and with a failing broker."""

import contextlib
import json
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from mosquitto import HOST, free_port
from program import BOARD, Failed, started
from publishing import broker
from rows import Row
from scene import Scene
from slowlink import SlowLink

SIZE = 50_000
VIEWERS = 4
P999_MS = 20
LONGEST_MS = 100


def stalls(quick):
    """Yield the delay of ticks in our loop, and in one that publishes with umqtt.robust."""
    seconds = 4 if quick else 8
    for name, place in (
        ("1 Mbit/s, four viewers", _slow),
        ("broker refuses", _refused),
        ("broker unreachable", _black_hole),
        ("broker goes silent", _silent),
    ):
        with SlowLink(1_000_000) as link:
            ours = _run(place, link, seconds, robust=False)
            theirs = _run(place, link, min(seconds, 5), robust=True)
        name = "stall, " + name
        ratio = ours["p999"] / theirs["p999"]
        yield Row(name + ": 99.9 %", ours["p999"], "ms", ratio, at_most=P999_MS)
        ratio = ours["longest"] / theirs["longest"]
        yield Row(name + ": longest", ours["longest"], "ms", ratio, at_most=LONGEST_MS)
        yield Row(name + f": longest with umqtt.robust{theirs['note']}", theirs["longest"], "ms")

    yield from _with_motion(seconds)


def _with_motion(seconds):
    """Yield the delay of ticks while motion compares VGA pictures, and two viewers watch."""
    with SlowLink(4_000_000) as link, tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(Scene().picture(640, 480, 1, 0, {}))
        found = _run(_slow, link, seconds, False, viewers=2, file=file.name)
        if found["compared"] < seconds or not found["pictures"]:
            raise Failed(f"motion was not seen: {found}")
    yield Row("stall, motion, two viewers: 99.9 %", found["p999"], "ms", at_most=P999_MS)
    yield Row("stall, motion, two viewers: longest", found["longest"], "ms", at_most=LONGEST_MS)


def _run(place, link, seconds, robust, viewers=VIEWERS, file=""):
    with place(link) as port:
        http = free_port()
        with started(
            "stalls",
            path=[BOARD / "lwip"],
            size=SIZE,
            port=port,
            http=http,
            seconds=seconds,
            robust=robust,
            file=file,
        ) as process:
            if not process.stdout.readline().startswith("{"):
                raise Failed("stalls did not start\n" + process.stderr.read())
            before = link.seen
            link.view(http, viewers)
            return _found(process, place, link, before, seconds, robust)


def _found(process, place, link, before, seconds, robust):
    start = time.monotonic()
    try:
        output, errors = process.communicate(timeout=seconds + 5)
    except subprocess.TimeoutExpired:
        if not robust:
            raise Failed("the firmware's loop is blocked") from None
        blocked = 1_000 * (time.monotonic() - start)  # and would be for ever
        return {"p999": blocked, "longest": blocked, "note": " (killed)"}
    if process.returncode:
        raise Failed(errors)
    found = json.loads(output.splitlines()[-1])
    if not robust and (link.seen == before or place is _slow and not found["sent"]):
        raise Failed(f"nothing was published or seen: {found}\n{errors}")
    return {**found, "note": ""}


@contextlib.contextmanager
def _slow(link):
    with broker() as mosquitto:
        yield link.relay(mosquitto.port)


@contextlib.contextmanager
def _silent(link):
    """A broker that stops reading while frames are sent."""
    with broker() as mosquitto:
        yield link.relay(mosquitto.port, silent_after_s=1)


@contextlib.contextmanager
def _refused(link):
    yield free_port()


@contextlib.contextmanager
def _black_hole(link):
    """A port with a full backlog: the kernel drops further SYN packets."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((HOST, 0))
        listener.listen(0)
        for _ in range(4):
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        time.sleep(0.1)
        yield listener.getsockname()[1]
