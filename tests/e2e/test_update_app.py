"""Updates of the application alone: start within seconds, checks and rollback."""

import random

import httpx
import pytest
from appupdates import NAME, SIMULATED, update
from update.archive import application, pack
from update.errors import UpdateError
from update.file import Update
from updatecamera import STAT, Camera


@pytest.fixture(scope="module")
def files():
    return application(SIMULATED)[0]


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    with Camera(tmp_path_factory.mktemp("camera"), broker, {"pubinterval": "5"}) as made:
        yield made


def post(camera, data):
    response = httpx.post(camera.url + "/update", content=data, timeout=20, trust_env=False)
    return response.status_code, next(iter(response.json().values()))


def version(camera):
    return camera.command("status 2").partition(",")[0]


def test_update_runs_and_confirms_itself(camera, files, tmp_path):
    since = len(camera.client.messages)
    assert post(camera, update(files, tmp_path, "7.0.1"))[0] == 200
    assert camera.report("confirmed", since)["version"] == "7.0.1"
    assert version(camera) == "7.0.1"
    assert camera.running == "ota_0"  # the firmware stays
    since = len(camera.client.messages)
    camera.power_cut()
    camera.client.wait(STAT + "timer", since=since)
    assert version(camera) == "7.0.1"


def test_refused_archives(camera, files, tmp_path):
    before = version(camera)
    good = update(files, tmp_path, "7.0.3")
    body = good[:-44]
    rng = random.Random(3)
    flipped = bytearray(good)
    flipped[rng.randrange(1024, len(body))] ^= 4
    few = {"app/x.mpy": b"x"}
    for data, reason in (
        (good[:-1], "damaged"),
        (good[:50_000], "cut off"),
        (body, "damaged"),
        (good + b"x", "damaged"),
        (bytes(flipped), ""),
        (update(files, tmp_path, "1.0.0"), "older"),
        (Update(pack(few, "other", "9.0", SIMULATED)).data, "another project"),
        (Update(pack(few, NAME, "9.0", "xtensawin-6.3")).data, "bytecode"),
        (Update(pack({"../x.mpy": b""}, NAME, "9.0", SIMULATED)).data, "invalid file name"),
        (Update(pack({"boot.py": b""}, NAME, "9.0", SIMULATED)).data, "invalid file name"),
    ):
        status, error = post(camera, data)
        assert status == 422 and reason in error, error
    assert version(camera) == before
    assert "x.mpy" not in camera.files.paths()


def test_tool_detects_a_damaged_archive(files, tmp_path):
    good = update(files, tmp_path, "7.0.4")
    assert Update(good).version == "7.0.4"
    for data in (good[:3000], good[:-60] + b"x" + good[-59:]):
        with pytest.raises(UpdateError):
            Update(data)
