"""Restarts: programs that fail, tasks that end, a loop that hangs, causes of a reset, a soak."""

import functools
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from inside import Inside
from listener import Listener
from pictures import Viewer, check
from recovery import served
from sidebyside import inject
from sim import ROOT, TOPIC, Simulator, wait_until

pytestmark = pytest.mark.slow  # each waits for restarts

IMAGE, POWER = f"data/{TOPIC}/image", f"stat/{TOPIC}/power"
NO_BROKER = "mqtt://127.0.0.1:1"
TASKS = (Path(__file__).resolve().parent / "tasks_board.py").read_text()
WATCHDOG_S = 30
GOOD_START_S = 60

# R1: what fails in the programs of a board, but not in safe mode

AT_IMPORT = "import sys; sys.modules['app.led'] = sys"
AT_START = "from app import led; led.LED = None"
AFTER = """
    import asyncio
    from aio import supervisor
    run = supervisor.Supervisor.run
    supervisor.Supervisor.run = lambda self: asyncio.wait_for(run(self), {})
"""
UNLESS_SAFE = "from hal import appslot\nif not appslot.safe_mode():\n    "


def ends_in_safe_mode(fault, folder):
    """Five failed starts lead to safe mode, which leaves all but the pictures for the repair."""
    camera = Inside(folder, NO_BROKER, before=UNLESS_SAFE + fault)
    camera.start(ready=False)
    try:
        camera.wait_output("safe mode after five failed starts", 120)
        assert camera.output.count("The camera has stopped") == 6  # the first was a power-on
        camera.wait_boot(7)
        assert camera.get("/api/status").json()["safe_mode"]["reason"] == "five failed starts"
        assert camera.get("/setup").status_code == 200
        assert camera.get("/capture").status_code == 503
        assert camera.command("pulse 7") == "7"
        camera.program("")  # the repair
        camera.type("restart 1\n")
        camera.wait_boot(8)
        wait_until(lambda: camera.get("/capture").status_code == 200, what="pictures")
        assert camera.get("/api/status").json()["safe_mode"] is None
    finally:
        camera.stop()


def counts_no_good_start(folder):
    """A start that lasts a minute has not failed, so what fails later never adds up."""
    starts = "__import__('hal').bootnote.load().starts"
    with Inside(folder, NO_BROKER, before=UNLESS_SAFE + AFTER.format(GOOD_START_S + 10)) as camera:
        camera.control("reset")  # a power-on would not count
        camera.wait_boot(2)
        assert camera.value(starts) == 1
        wait_until(lambda: camera.value(starts) == 0, GOOD_START_S + 8, "a good start", 1)
        camera.wait_boot(3)
        assert camera.value(starts) == 1


def test_r1_program_that_fails(row, tmp_path):
    """The sixth start is in safe mode, unless each start works for a minute."""
    cases = {"at import": AT_IMPORT, "at the start": AT_START, "after 5 s": AFTER.format(5)}
    scenarios = {
        name: functools.partial(ends_in_safe_mode, fault) for name, fault in cases.items()
    }
    scenarios["after 70 s"] = counts_no_good_start
    inject(row, tmp_path, scenarios)
    row.figure("failed starts before safe mode", 5)
    row.figure("longest run before a failure (5 min would be no other case)", 70, "s")


# R2


def works(camera, client):
    """Fail unless pictures, pages, commands, consoles and button work."""
    client.wait(IMAGE, since=len(client.messages))
    wait_until(lambda: served(camera), what="the web server")  # its listener may restart
    check(camera.get("/capture", timeout=20).content)
    assert camera.get("/").status_code == 200
    assert client.command("pulse") == camera.command("pulse")
    wait_until(lambda: switches(camera, client), what="the button")
    wait_until(lambda: "mqtt connected" in camera.status(), what="the broker")


def switches(camera, client):
    """Return True if a press switches the power; the button's component may be starting again."""
    since = len(client.messages)
    camera.control("press")
    try:
        return client.wait(POWER, since=since, limit_s=3)
    except AssertionError:
        return False


def end_component(camera, name):
    restarts = f"supervisor.restarts[{name!r}]"
    before = camera.value(restarts)
    camera.run(f"end(components[{name!r}])")
    wait_until(lambda: camera.value(restarts) == before + 1, what=f"restart of {name}")


def test_r2_any_task_ends(row, broker, tmp_path):
    """Each component restarts, also after one of its own tasks fails."""
    with (
        Inside(tmp_path, broker.uri, {"pubinterval": "1"}, before=TASKS) as camera,
        Listener(broker.port) as client,
    ):
        camera.run("from __main__ import components, end, others")
        works(camera, client)
        names = camera.value("list(components)")
        tasks = camera.value("len(others())")
        for name in names:
            with row.injection(name):
                end_component(camera, name)
                works(camera, client)
                assert camera.value("len(others())") == tasks
        for index in range(tasks):
            with row.injection(f"task {index}"):
                camera.run(f"end(others()[{index}])")
                works(camera, client)
                wait_until(lambda: camera.value("len(others())") == tasks, what="all tasks")
        with row.injection("a viewer's connection"), Viewer(camera.facts["http"]) as viewer:
            viewer.head()
            viewer.part()
            camera.run("end(others()[-1])")
            viewer.rest()
            works(camera, client)
        row.figure("components", len(names))
        row.figure("other tasks", tasks + 1)
        assert camera.facts["boots"] == 1


# R3, R4


def test_r3_blocked_loop(row, tmp_path):
    """The watchdog restarts a camera whose loop is blocked."""
    with Inside(tmp_path, NO_BROKER) as camera, row.injection("endless loop"):
        started = time.monotonic()
        camera.begin("while True:\n    pass")
        camera.wait_output("Task watchdog got triggered", WATCHDOG_S + 10)
        took = time.monotonic() - started
        row.figure("restart after", took, "s")
        assert WATCHDOG_S - 3 < took < WATCHDOG_S + 1
        camera.wait_boot(2)
        assert "started by watchdog" in camera.status("3")
        assert camera.get("/capture").status_code == 200


CAUSES = {  # how the board restarts -> what it reports
    "power cut": (Simulator.power_cut, "power on"),
    "reset": (lambda camera: camera.control("reset"), "restart"),
    "panic": (Simulator.kill_interpreter, "restart"),  # as MicroPython reports one
    "watchdog": (
        lambda camera: camera.begin("import machine\nmachine.WDT(timeout=1)\nwhile True: pass"),
        "watchdog",
    ),
    "soft reset": (
        lambda camera: camera.begin("import world\nworld.call('board.soft_reset', False)"),
        "soft reset",
    ),
}
CUTS = 20
URL = "http://example/x"


def test_r4_causes_of_a_reset(row, tmp_path):
    """Each is reported, and none loses a setting; nor do brownouts at any moment of the start."""
    with Inside(tmp_path, NO_BROKER, {"otaurl": URL}) as camera:
        for name, (restart, cause) in CAUSES.items():
            with row.injection(name):
                boots = camera.facts["boots"]
                restart(camera)
                camera.wait_boot(boots + 1)
                assert f"started by {cause}" in camera.status("3")
                assert camera.command("otaurl") == URL
        with row.injection("brownouts"):
            for _ in range(CUTS):
                boots = camera.facts["boots"]
                camera.control("power_cut")
                camera.control("power_on")
                time.sleep(row.chance.uniform(0, 1))  # any moment of the start
            camera.power_cut()
            assert camera.command("otaurl") == URL
            assert "safe mode" not in camera.status()
        row.figure("brownouts in a row", CUTS)


# R5

SOAK = ROOT / "tools" / "soak" / "run.py"
MINUTES = 2
SEEDS = (1, 2, 3)


def soak(seed, folder):
    folder.mkdir()
    line = [sys.executable, str(SOAK), "--minutes", str(MINUTES), "--seed", str(seed)]
    done = subprocess.run(
        [*line, "--output", str(folder / "soak.json")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_r5_soak(row, tmp_path):
    """Random faults under load; `make soak MINUTES=120` is the long form."""
    inject(row, tmp_path, {str(seed): functools.partial(soak, seed) for seed in SEEDS})
    faults = 0
    for seed in SEEDS:
        figures = json.loads((tmp_path / str(seed) / "soak.json").read_text())
        faults += sum(each["injected"] for each in figures["faults"].values())
        row.figure("longest recovery", max(figures["recovery_s"]), "s")
        row.figure("heap lost", figures["heap_drift_bytes"], "bytes")
    row.figure("faults", faults)
    row.figure("seeds of 2 h with make soak MINUTES=120, here of", MINUTES, "min")
