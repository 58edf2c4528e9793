"""Checks that the camera has recovered from a fault: online, publishing and serving."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
from invariants import invariants
from pictures import UXGA, check
from sim import TOPIC, wait_until

IMAGE = f"data/{TOPIC}/image"
LWT = f"tele/{TOPIC}/LWT"
RECOVERY_S = 35  # the longest pause between two attempts, and the attempt
SESSION = "as DVES_A1B2C3 (p2"  # in mosquitto's log, once for each session
_REPLY_S = 5
_KEPT_S = 8  # for which the memory of pictures is kept after its last use
_LOG_LINES, _LOG_CHARS = 32, 160


def fill_log(camera):
    """Fill the log with lines of full length, so that later ones take no more heap."""
    camera.command("loglevel debug")
    for _ in range(_LOG_LINES):
        camera.get("/" + _LOG_CHARS * "x")
    camera.command("loglevel info")


def served(camera, path="/"):
    """Return True if the camera's web server responds as usual."""
    with contextlib.suppress(httpx.TransportError):
        return camera.get(path, timeout=3).status_code == 200


def recover(camera, client, row, since, size=UXGA):
    """Wait until the camera has recovered; fail unless that is within RECOVERY_S.

    since: index of the client's first message after the fault. Notes the time in `row`.
    """
    start = time.monotonic()
    with camera.stopwatch() as took:
        client.wait(LWT, b"Online", limit_s=2 * RECOVERY_S, since=since)
        check(client.wait(IMAGE, limit_s=2 * RECOVERY_S, since=since).payload, size)
        wait_until(lambda: served(camera), 2 * RECOVERY_S, "the page")
    row.figure("longest recovery", time.monotonic() - start, "s")
    assert took.s < RECOVERY_S, f"recovered after {took.s:.1f} s"
    assert client.command("pubinterval", limit_s=_REPLY_S) == "1"


@contextlib.contextmanager
def publishing(camera, row):
    """Publish a picture a second within the block only; check `invariants` without any picture.

    Slow readers let the camera keep more pictures at once, of which each has its memory.
    """
    camera.command("pubinterval 0")
    time.sleep(_KEPT_S + 2)
    with invariants(camera, row):
        camera.command("pubinterval 1")
        yield
        camera.command("pubinterval 0")


def side_by_side(row, jobs):
    """Run {name: function} at once, because each mostly waits; each is one injection."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        started = {name: pool.submit(job) for name, job in jobs.items()}
        for name, future in started.items():
            with row.injection(name):
                future.result()
