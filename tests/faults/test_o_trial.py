"""Updates: the trial of a new image, and power cuts in it."""

import contextlib
import itertools
import re
import time

import appimage
import pytest
from appupdates import NAME, SIMULATED, bytecode, update
from errors import PowerFailure
from fastcamera import without_waits
from flashed import MODES, OLD
from images import KB, image
from inprocess import Board, Firmware
from mosquitto import Mosquitto
from scenarios import at_once
from sim import wait_until
from sources import NEW, Updates, after_trial
from update.archive import application
from updatecamera import Camera

# Selection, confirmation and rollback


def choose(board):
    board.set_boot("ota_1")


def first_start(board):
    choose(board)
    board.start()


def confirm(board):
    """Confirm as the command of the firmware does."""
    first_start(board)
    assert Firmware(board).trial.cmd_mqttotaconfirm("1") == "Confirmed OTA image"


def roll_back(board):
    first_start(board)
    board.start()
    after_trial(board)


def select_again(board):
    roll_back(board)
    choose(board)


def return_to_old(board):
    confirm(board)
    board.set_boot("ota_0")
    board.start()
    board.confirm()


STEPS = (choose, first_start, confirm, roll_back, select_again, return_to_old)


def check_usable(board):
    """Fail unless an image starts twice, and the other one can then be selected and confirmed."""
    assert board.start() in (OLD, NEW) and board.start() in (OLD, NEW)
    other = "ota_1" if board.boot.running.name == "ota_0" else "ota_0"
    board.set_boot(other)
    board.start()
    assert board.boot.running.name == other
    Firmware(board).trial.confirm()
    board.start()
    assert board.boot.running.name == other


def test_o3_power_cut_in_selection_confirmation_and_rollback(row):
    written = Board()
    written.burn("ota_1", NEW)
    cells = written.cells()

    def reached(steps, number, mode, again=None):
        """Cut the power in the steps, then perhaps in the start that follows."""
        board = Board(cells, number)
        board.start()
        board.flash.plan(number, mode)
        try:
            steps(board)
        except PowerFailure:
            pass
        else:
            return False
        if again:
            board.flash.plan(*again)
            with contextlib.suppress(PowerFailure):  # unless the start has fewer operations
                board.start()
            board = Board(board.cells(), number)
        check_usable(board)
        return True

    for steps, mode in itertools.product(STEPS, MODES):
        for number in itertools.count(1):
            with row.injection(f"{steps.__name__} {number} {mode}"):
                if not reached(steps, number, mode):
                    break
        assert number > 2
    board = Board(cells)
    board.start()
    confirm(board)
    before = board.flash.operations
    assert board.start() == NEW and board.flash.operations == before  # nothing to cut any more
    for _ in range(row.times(400, 60)):
        first = row.chance.choice(STEPS), row.chance.randint(1, 3), row.chance.choice(MODES)
        again = row.chance.randint(1, 3), row.chance.choice(MODES)
        with row.injection(f"{first} {again}"):
            reached(*first, again)


MOST_TRIES = 3


def first_start_cut(board, number, mode):
    """Cut the power in the first start, up to its confirmation; return the next three starts."""
    board.flash.plan(number, mode)
    with contextlib.suppress(PowerFailure):
        assert board.start() == NEW
        assert after_trial(board).trial.cmd_mqttotaconfirm("1") == "Confirmed OTA image"
    board.flash.cancel()
    return [board.start() for _ in range(3)]


def test_o7_power_cut_in_the_first_start(row, tmp_path):
    """The old image runs again; only a forced update installs the new one again."""
    updates = Updates(image(NEW, size=12 * KB))
    for point in range(row.times(50, 12)):
        number, mode = point % 5 + 1, MODES[point // 5 % 3]
        with row.injection(f"operation {number} {mode}"):
            board = updates.board(point)
            board.start()
            updates.update(board)
            runs = first_start_cut(board, number, mode)
            assert runs in ([OLD] * 3, [NEW, OLD, OLD], [NEW] * 3)
            if runs[-1] == OLD:
                row.figure("automatic tries", 1 + runs.count(NEW))
                assert 1 + runs.count(NEW) <= MOST_TRIES
                updates.finish(board)
    if row.full:
        first_starts(tmp_path, row, 15)


def first_starts(folder, row, count):
    """Cut the power of the whole camera at any moment of its first start."""
    with Mosquitto(folder / "broker") as broker, Camera(folder / "camera", broker) as camera:
        for number in range(count):
            with row.injection(f"moment {number}"):
                version, boots = f"v9.1.{number}", camera.facts["boots"]
                since = camera.push(image(version, size=32 * KB))
                wait_until(lambda: camera.running == "ota_1", 20, "the first start", 0.001)
                time.sleep(row.chance.uniform(0, 1))  # the moment of the cut
                camera.power_cut()
                assert camera.running == "ota_0" and camera.facts["boots"] <= boots + 2
                assert camera.report("rolled back", since)["version"] == version
                refused = camera.upload(image(version, size=32 * KB))
                assert refused.status_code == 422 and "failed already" in refused.json()["error"]
        assert camera.running == "ota_0"
    row.figure("on the whole camera", count, "cuts")


# Images that do not confirm themselves


def failing_images(folder):
    """Return the number of images that were rolled back after exactly one start."""
    with Mosquitto(folder / "broker") as broker, Camera(folder / "camera", broker) as camera:
        for number, behaviour in enumerate(("crash", "hang", "reset", "power_cut")):
            version, boots = f"v9.1.{number}", camera.facts["boots"]
            since, kind = len(camera.client.messages), behaviour
            if behaviour in appimage.BEHAVIOURS:
                data = appimage.make(version, behaviour=behaviour)
            else:
                data, kind = image(version), "ok"
            assert camera.upload(data).status_code == 200
            if kind == "ok":
                camera.report("trial", since)
                camera.control(behaviour)
                camera.control("power_on")
            check_rolled_back(camera, since, version)
            assert (camera.running, camera.facts["boots"]) == ("ota_0", boots + 2)
        return number + 1


BROKEN = {  # what the module app.system does
    "raises": "raise ValueError('broken')\n",
    "does not import": "import nothing_of_this_name\n",
    "has no System": "",
    "raises later": "class System:\n    def start(self):\n        raise OSError(5)\n",
    "hangs": "while True:\n    pass\n",  # for 60 s, until the watchdog of the trial
}


def failing_copies(folder, kinds):
    """Return the number of applications that were rolled back after exactly one start."""
    files = application(SIMULATED)[0]
    with Mosquitto(folder / "broker") as broker, Camera(folder / "camera", broker) as camera:
        before = camera.status("2")
        for number, kind in enumerate(kinds, 1):
            version, boots = f"7.0.{number}", camera.facts["boots"]
            broken = {"app/system.mpy": bytecode(folder, BROKEN[kind])}
            since = camera.push(update(files, folder, version, **broken))
            check_rolled_back(camera, since, f"{NAME} {version}", 90)
            assert camera.facts["boots"] == boots + 2
            assert camera.status("2").split(",")[:2] == before.split(",")[:2]
        return number


def check_rolled_back(camera, since, version, limit_s=40):
    report = camera.report("rolled back", since, limit_s)
    assert report["version"] == version and report["reason"] == "it restarted unconfirmed"
    refused = camera.client.wait("stat/esp32-mqtt-cam/timer", since=since)
    assert refused and camera.get("/capture").status_code == 200


def test_o5_image_that_never_confirms(row, tmp_path):
    """Crashes, hangs, errors at any point of the start, and restarts before the confirmation."""
    kinds = row.times(list(BROKEN), list(BROKEN)[:1])
    calls = [lambda: failing_copies(tmp_path / "copies", kinds)]
    if row.full:
        calls.append(lambda: failing_images(tmp_path / "images"))
    (tmp_path / "copies").mkdir()
    row.count(sum(at_once(*calls)))
    row.figure("failed starts of each", 1)


CONFIRM_S = 300


@pytest.mark.slow
def test_o6_image_without_network(row, tmp_path):
    """`otaconfirm auto`: without Wi-Fi or a broker, the camera rolls back by itself."""
    settings = {"otaconfirm": "auto"}
    with Mosquitto(tmp_path / "broker") as broker:
        fast = without_waits(tmp_path)
        with Camera(tmp_path / "camera", broker, settings, fast) as camera:
            for version, missing in (("v9.1.1", "Wi-Fi"), ("v9.1.2", "broker")):
                with row.injection(missing):
                    given_up_s = without(camera, broker, missing, version)
                    row.figure("given up after", given_up_s, "s")
                    assert CONFIRM_S <= given_up_s <= CONFIRM_S + 10


def without(camera, broker, missing, version):
    """Update without Wi-Fi or broker; return the camera's seconds until it gives the image up."""
    since, shown = len(camera.client.messages), len(camera.output)
    assert camera.upload(image(version)).status_code == 200
    if missing == "Wi-Fi":
        camera.control("wifi", up=False)
    else:
        broker.freeze()
    reason = f"no {missing} within {CONFIRM_S} s"
    camera.wait_output(f"{reason}: rolling back", 60, shown)
    given_up = re.findall(rf"(\d+) update: ! {reason}", camera.output[shown:])
    wait_until(lambda: camera.running == "ota_0", 20, "the old image")
    camera.control("wifi", up=True)
    broker.thaw()
    report = camera.report("rolled back", since, 60)
    assert (report["version"], report["reason"]) == (version, reason)
    return int(given_up[0])
