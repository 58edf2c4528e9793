"""Memory: a heap that is too small, allocations that fail, fragmentation, TLS, sockets."""

import contextlib
import functools
import re
from pathlib import Path

import httpx
import pytest
from inside import Inside
from invariants import invariants
from listener import Listener
from mosquitto import Mosquitto
from pictures import check
from sidebyside import inject
from sim import TOPIC, Simulator, wait_until

HERE = Path(__file__).resolve().parent
IMAGE = f"data/{TOPIC}/image"
NO_BROKER = "mqtt://127.0.0.1:1"
PATHS = ("/", "/setup", "/camera", "/api/status", "/api/settings", "/api/networks", "/capture")
BLOCK_BYTES = 32  # of the heap of a 64-bit interpreter


def use(camera, *paths):
    """Use pages, API and camera; return the responses that failed."""
    with httpx.Client(base_url=camera.url, timeout=20, trust_env=False) as client:
        responses = [client.get(path) for path in paths or PATHS]
        responses.append(client.post("/api/settings", json={"pulse": 3}))
        responses.append(client.post("/api/settings", content=b" " * 2_000 + b'{"pulse": 4}'))
    return [response for response in responses if not response.is_success]


# M1

HEAPS = (100, 200, 300, 350, 400, 470, 500, 1_000)  # KB, with objects of 64 bits
TOO_SMALL = "Its memory is too small: use a board with PSRAM"


ROUNDS = 3


def serves(camera):
    """Return True if the console works, and every page, or it says that memory is short."""
    try:
        failed = use(camera)
        camera.status()
    except (httpx.HTTPError, AssertionError, OSError):
        return False
    return all("memory" in response.text for response in failed)


def says_why(camera):
    """Return True if the camera has restarted again and again, and says what it needs."""
    return camera.output.count(TOO_SMALL) >= 3


def serves_or_says_why(kilobytes, folder):
    camera = Simulator(folder, NO_BROKER, args=["--heap", f"{kilobytes}K"])
    camera.start(ready=False)

    def settled():
        ready = (folder / "ready.json").exists()
        return says_why(camera) or ready and all(serves(camera) for _ in range(ROUNDS))

    try:
        wait_until(settled, 120, f"service, or the reason:\n{camera.output[-2000:]}", 0.5)
    finally:
        camera.stop()


def restarts_less_and_less_often(folder):
    camera = Simulator(folder, args=["--heap", "210K"])
    try:
        camera.start(ready=False)
        camera.wait_output(TOO_SMALL)
        camera.wait_output("It restarts in 60 s", limit_s=60)
        assert camera.output.count("It restarts in 2 s") == 6
    finally:
        camera.stop()


@pytest.mark.slow
def test_m1_heap_too_small(row, tmp_path):
    """With any heap, the camera serves what fits, or says why not and restarts."""
    cases = {f"{size}K": functools.partial(serves_or_says_why, size) for size in HEAPS}
    inject(row, tmp_path, {**cases, "pauses": restarts_less_and_less_often})
    row.figure("heaps from 100 KB to", max(HEAPS), "KB")


# M2


@pytest.fixture(scope="module")
def scarce(broker, tmp_path_factory):
    """Camera whose allocations can fail."""
    before = (HERE / "scarce_board.py").read_text()
    folder = tmp_path_factory.mktemp("scarce")
    with Inside(folder, broker.uri, {"pubinterval": "0"}, before=before) as made:
        made.run("from __main__ import allocations, fill")
        made.wait_status("mqtt connected")
        use(made)
        yield made


def fail_at_the_start(row, broker, folder):
    """Fail each large allocation of a start: that start fails, and the next one goes well."""
    before = (HERE / "scarce_board.py").read_text()
    with Inside(folder, broker.uri, before=before) as camera:
        each = camera.value("__import__('__main__').allocations.count")
        for number in range(1, each + 1):
            with row.injection(f"allocation {number} of the start"):
                (camera.root / "failing").write_text(str(number))
                boots, since = camera.facts["boots"], len(camera.output)
                camera.control("reset")
                camera.wait_output("The camera has stopped (MemoryError", since=since)
                (camera.root / "failing").unlink()
                camera.wait_boot(boots + 2)
                assert not use(camera)


@pytest.mark.slow
def test_m2_large_allocation_fails(scarce, row, broker, tmp_path):
    """When any one large allocation fails, only that action fails, and says why."""
    scarce.run("allocations.fail(0)")
    use(scarce)
    each = scarce.value("allocations.count")
    row.figure("large allocations of a round of requests", each)
    with invariants(scarce, row, longest_pause_ms=None):
        for count in range(row.times(300, 10)):
            number = count % each + 1
            with row.injection(f"allocation {number}"):
                scarce.run(f"allocations.fail({number})")
                failed = use(scarce)
                assert scarce.value("allocations.fail(0)"), "no allocation failed"
                assert len(failed) <= 1
                assert all("memory" in response.text for response in failed)
        for _ in range(row.times(20, 1)):
            with row.injection("no large block"):
                scarce.run("held = fill()")
                row.figure("largest free block meanwhile", largest_free(scarce), "bytes")
                assert all("memory" in response.text for response in use(scarce))
                scarce.run("held = None")
                wait_until(lambda: not use(scarce), 10, "service")
    assert scarce.facts["boots"] == 1
    if row.full:
        fail_at_the_start(row, broker, tmp_path)


# M3


def largest_free(camera):
    """Return the size of the largest free block of the heap, in bytes."""
    since = len(camera.output)
    camera.run("import gc, micropython\ngc.collect()\nmicropython.mem_info()")
    return BLOCK_BYTES * int(re.search(r"max free sz: (\d+)", camera.output[since:])[1])


@pytest.mark.slow
def test_m3_fragmentation(row, broker, tmp_path):
    """After pictures and texts of all sizes, the largest picture still finds room."""
    operations = row.times(50_000, 1_000)
    program = (HERE / "fragments_board.py").read_text()
    with Inside(tmp_path, broker.uri, {"pubinterval": "0"}) as camera:
        use(camera)
        before = largest_free(camera)
        camera.run(f"operations, seed = {operations}, {row.chance.randrange(1 << 30)}\n{program}")

        def done():
            use(camera)
            return camera.value("state['done']") == operations

        wait_until(done, 600, "all operations", every_s=1 if row.full else 0.1)
        row.count(operations)
        row.figure("pictures without memory", camera.value("state['dropped']"))
        camera.run("picture = None\nsystem.frames.pool.drop_free()")
        row.figure("largest free block before", before, "bytes")
        after = largest_free(camera)
        row.figure("largest free block after", after, "bytes")
        assert after > LARGEST_PICTURE
        camera.control("camera", fault="big", count=2)
        check(camera.get("/capture").content)
        assert not use(camera)
        assert "restarts 0," in camera.status("3")


LARGEST_PICTURE = 1_000_000 + 1_000_000 // 16 + 1_024  # what frames accept, and a buffer's margin


# M4


def test_m4_tls_memory_runs_out(row, tmp_path):
    """The camera says so, serves without the broker, and connects once there is memory."""
    with Mosquitto(tmp_path / "broker", tls=True) as broker:
        settings = {"mqttca": f"@{broker.ca_file}"}
        with Simulator(tmp_path / "camera", broker.tls_uri, settings) as camera:
            camera.wait_status("mqtt connected")
            for failing in range(1, row.times(3, 1) + 1):
                with row.injection(f"{failing} connects fail"):
                    since = len(camera.output)
                    camera.control("memory", tls_enomem=failing)
                    camera.command(f"mqttuser user{failing}")
                    camera.wait_output("mqtt: ! ", since=since)
                    assert camera.get("/capture").status_code == 200
                    camera.wait_output("mqtt: connected", 35, since)


# M5

TAKE_ALL = """
import socket
taken = []
try:
    while True:
        taken.append(socket.socket())
except OSError as e:
    result = e.errno
"""
ENFILE = "23"


def test_m5_no_free_socket(row, tmp_path):
    """The camera refuses connections, keeps its tasks, and serves once a socket is free."""
    with (
        Mosquitto(tmp_path / "broker") as broker,
        Inside(tmp_path / "camera", broker.uri, {"pubinterval": "0"}) as camera,
        Listener(broker.port, IMAGE) as client,
    ):
        camera.wait_status("mqtt connected")
        use(camera)
        with invariants(camera, row, longest_pause_ms=None):  # as a figure: a busy PC adds to it
            for _ in range(row.times(20, 1)):
                with row.injection("all sockets taken"):
                    since, pictures = len(camera.output), len(client.messages)
                    assert camera.run(TAKE_ALL) == ENFILE
                    with contextlib.suppress(httpx.TransportError):
                        assert camera.get(timeout=3).status_code == 503
                    camera.command("capture")
                    client.wait(IMAGE, since=pictures)
                    broker.restart()
                    camera.wait_output("mqtt: ! ", since=since)
                    camera.run("while taken:\n    taken.pop().close()")
                    with camera.within(2):
                        assert camera.get("/").status_code == 200
                    camera.skip_reconnect_delay()
                    camera.wait_output("mqtt: connected", since=since)
