"""Throughput of published frames, and heap that each one allocates."""

import contextlib
import tempfile
from statistics import median

from mosquitto import Mosquitto
from program import BOARD, results
from rows import Row

SIZES = (10, 50, 200)  # KB; UXGA pictures have 200
SIMPLE = {(50, False): 1.0, (200, False): 0.85}  # (KB, TLS): least ratio to umqtt.simple
BARE = {(50, True): 0.95}  # to the bare loop
MOST_BYTES = 1_024
MOST_CHECK_MS = 1


@contextlib.contextmanager
def broker(**options):
    """Run mosquitto, with a plain and a TLS port, without a log line per message."""
    with tempfile.TemporaryDirectory() as folder:
        with Mosquitto(folder, tls=True, options={"log_type": "none", **options}) as mosquitto:
            yield mosquitto


def throughput(quick):
    """Yield MB/s of the session, compared with umqtt.simple and a bare loop, plain and TLS."""
    with broker() as mosquitto:
        for tls in (False, True):
            for size in SIZES:
                yield from _compare(mosquitto, tls, size, quick)


def _compare(mosquitto, tls, size, quick):
    rounds = results(
        "publish",
        size=1_000 * size,
        count=(2_000 if quick else 12_000 if tls else 48_000) // size,
        rounds=3 if quick else 15,
        host="localhost" if tls else "127.0.0.1",
        port=mosquitto.tls_port if tls else mosquitto.port,
        ca=str(mosquitto.ca_file) if tls else "",
    )
    name = f"publish {size} KB {'TLS' if tls else 'plain'}"
    speed = median(each["ours"] for each in rounds)
    for other, title, limits in (
        ("umqtt", "umqtt.simple", SIMPLE),
        ("bare", "bare write loop", BARE),
    ):
        ratio = median(each["ours"] / each[other] for each in rounds)
        yield Row(f"{name} / {title}", speed, "MB/s", ratio, at_least=limits.get((size, tls)))


def allocation(quick):
    """Yield heap bytes per published frame, of the session alone and including the capture."""
    with broker() as mosquitto:
        for size in SIZES:
            count = 50 if quick else 400
            [found] = results(
                "allocation",
                heap="32M",
                path=[BOARD / "tls"],
                size=1_000 * size,
                count=count,
                port=mosquitto.port,
            )
            for name, title in (("session", "publish"), ("publisher", "capture and publish")):
                title = f"heap allocated per frame: {title} {size} KB"
                limit = MOST_BYTES if name == "session" else None
                yield Row(title, found[name], "bytes", at_most=limit)


def jpeg(quick):
    """Yield ms and heap bytes of the check that a picture of 100 KB is whole."""
    [found] = results("jpegs", path=[BOARD / "tls"], count=20 if quick else 200)
    yield Row("check of a JPEG of 100 KB", found["us"] / 1_000, "ms", at_most=MOST_CHECK_MS)
    yield Row("heap allocated for it", found["bytes"], "bytes")
