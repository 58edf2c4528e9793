"""Updates: the power fails at each operation of the flash; the old or the new image starts."""

import contextlib
import itertools

import pytest
from copies import UPDATES, running_copy_2
from errors import PowerFailure
from flashed import MODES
from images import KB, image
from mosquitto import Mosquitto
from sim import wait_until
from sources import NEW, Updates, by_http, by_mqtt, by_upload
from updatecamera import Camera

from hal import appslot

LARGE, MEDIUM, SMALL = (image(NEW, size=size * KB) for size in (1536, 64, 12))
SOURCES = (by_upload, by_mqtt, by_http)


def image_cuts(updates, row, modes=MODES):
    """Cut the power at every operation of the update of an image."""
    for mode in modes:
        for number in itertools.count(1):
            with row.injection(f"operation {number} {mode}"):
                if not updates.cut(number, mode):
                    break
        assert number > 2 * len(updates.data) // (4 * KB) + 3  # each block: erase and write


def copy_cuts(camera, row, source, modes=MODES):
    """Cut the power at every operation of an update of the application."""
    kept = camera.board.cells()
    for mode in modes:
        for number in itertools.count(1):
            with row.injection(f"application {number} {mode}"):
                camera.restore(kept, number)
                assert camera.start() == 2
                camera.board.flash.plan(number, mode)
                try:
                    source(camera.board, UPDATES[3][1])
                    break  # it has fewer operations
                except PowerFailure:
                    pass
                assert camera.start() in (2, 3)
                appslot.tidy()
                assert not camera.left() and camera.restart() in (2, 3)
                camera.update_to(3, source)
        assert number > len(UPDATES[3][0]) // 128 + 10


@pytest.fixture
def copy(monkeypatch):
    return running_copy_2(monkeypatch)


def test_o1_power_cut_in_an_http_update(row, copy):
    """Uploads and downloads of images, and of the application alone."""
    image_cuts(Updates(row.times(MEDIUM, SMALL), by_http), row)
    image_cuts(Updates(row.times(MEDIUM, SMALL), by_upload), row, row.times(MODES, MODES[1:2]))
    copy_cuts(copy, row, by_upload, row.times(MODES, MODES[1:2]))
    if row.full:
        large = Updates(LARGE, by_http)
        for _ in range(200):
            number, mode = (
                row.chance.randint(1, 2 * len(LARGE) // (4 * KB)),
                row.chance.choice(MODES),
            )
            with row.injection(f"1.5 MB, operation {number} {mode}"):
                assert large.cut(number, mode)


def test_o2_power_cut_in_an_mqtt_update(row, copy, tmp_path):
    """Images and the application alone; then pushes to the whole camera."""
    image_cuts(Updates(row.times(MEDIUM, SMALL), by_mqtt), row, row.times(MODES, MODES[1:2]))
    copy_cuts(copy, row, by_mqtt, row.times(MODES, MODES[:1]))
    if row.full:
        pushed(tmp_path, row)


PUSHED = ((1, "torn"), (9, "before"), (12, "torn"), (26, "torn"), (27, "after"))


def pushed(folder, row):
    """Cut the power at the first block, in the middle, in otadata and during the start."""
    data = image(NEW, size=32 * KB)
    with Mosquitto(folder / "broker") as broker, Camera(folder / "camera", broker) as camera:
        for number, mode in PUSHED:
            with row.injection(f"push, operation {number} {mode}"):
                boots, since = camera.facts["boots"], len(camera.client.messages)
                assert camera.client.command("mqttotastart", "force") == "on"
                camera.control("power_cut", after_ops=number, mode=mode)
                end = camera.control("flash")["operations"] + number
                camera.client.send(f"OTA/{camera.id}/data", data)
                wait_until(lambda end=end: camera.control("flash")["operations"] >= end, 10)
                camera.control("power_on")
                camera.wait_boot(boots + 1)
                if camera.running == "ota_1":
                    since = len(camera.client.messages)
                    camera.power_cut()  # before it is confirmed
                assert camera.running == "ota_0"
                camera.client.wait("stat/esp32-mqtt-cam/timer", since=since)
    row.figure("on the whole camera", len(PUSHED), "cuts")


def test_o4_two_power_cuts(row, copy):
    """From the start of the old image to the confirmed start of the new one."""
    updates = [Updates(SMALL, source) for source in SOURCES]
    lengths = [each.operations() for each in updates]
    for pair in range(row.times(500, 40)):
        each, length = row.chance.choice(list(zip(updates, lengths, strict=True)))
        cuts = [(row.chance.randint(1, length), row.chance.choice(MODES)) for _ in range(2)]
        with row.injection(f"cuts {cuts}"):
            board = each.board(pair)
            for cut in cuts:
                board.flash.plan(*cut)
                with contextlib.suppress(PowerFailure):  # unless it is confirmed before
                    each.finish(board)
            board.flash.cancel()
            each.finish(board)
    kept, before = copy.board.cells(), copy.board.flash.operations
    copy.update_to(3, by_upload)
    length = copy.board.flash.operations - before
    for pair in range(row.times(100, 8)):
        cuts = [(row.chance.randint(1, length), row.chance.choice(MODES)) for _ in range(2)]
        with row.injection(f"application, cuts {cuts}"):
            copy.restore(kept, pair)
            for cut in cuts:
                copy.board.flash.plan(*cut)
                with contextlib.suppress(PowerFailure):
                    copy.update_to(3, by_upload)
            copy.board.flash.cancel()
            assert copy.start() in (2, 3)
            copy.update_to(3, by_upload)
