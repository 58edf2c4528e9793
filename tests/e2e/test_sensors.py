"""Other sensors than the OV2640, on the simulated bus by chip id."""

import json

import pytest
from listener import Listener
from sim import TOPIC, Simulator, wait_until

WHY = "sensor GC2145 has no JPEG encoder; this firmware needs an OV2640"
DISCOVERY = "homeassistant/device/DVES_00000C/config"


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    args = ["--device-id", "DVES_00000C", "--sensor", "0x2145"]
    settings = {"pubinterval": "0", "loglevel": "debug"}
    folder = tmp_path_factory.mktemp("sensors")
    with Simulator(folder, broker.uri, settings, args) as made:
        made.wait_status("mqtt connected")
        yield made


def ranges(camera):
    rows = camera.get("/api/camera").json()["parameters"]
    return {row["name"]: (row["low"], row["high"], row.get("options")) for row in rows}


def test_a_sensor_without_an_encoder_is_named(camera, broker):
    with Listener(broker.port) as client:
        response = camera.get("/capture")
        assert (response.status_code, WHY in response.text) == (503, True)
        assert "Trying again does not help" in response.text
        assert f"camera unsuitable ({WHY})" in camera.wait_status("camera unsuitable")
        since = len(client.messages)
        client.command("status")
        state = json.loads(client.wait(f"tele/{TOPIC}/STATE", since=since).payload)["Camera"]
        assert (state["State"], state["Reason"], state["Sensor"]) == ("unsuitable", WHY, "GC2145")
        status = camera.get("/api/status").json()["camera"]
        assert (status["state"], status["reason"], status["sensor"]) == (
            "unsuitable",
            WHY,
            "GC2145",
        )
        assert client.command("camera", '{"vflip": 1}', reply="SYNTAX").startswith(
            f"camera: the camera is unsuitable: {WHY}"
        )
    assert camera.output.count(f"camera: ! {WHY}") == 1
    wait_until(lambda: not camera.control("pins")["waves"], what="the end of the probe's clock")


def test_an_ov3660_has_its_own_ranges(camera, broker):
    camera.control("sensor", chip="OV3660")
    camera.power_cut()
    camera.wait_status("mqtt connected")
    assert camera.get("/capture").status_code == 200
    found = ranges(camera)
    assert [found[name][:2] for name in ("contrast", "brightness")] == [(-3, 3)] * 2
    assert (found["saturation"], found["ae_level"]) == ((-4, 4, None), (-5, 5, None))
    assert found["gainceiling"] == (0, 511, None)
    with Listener(broker.port, "#") as client:
        values = json.loads(client.command("camera", '{"saturation": -4, "contrast": 3}'))
        assert (values["saturation"], values["contrast"]) == (-4, 3)
        assert "nightmode" not in values
        refused = client.command("camera", '{"nightmode": 1}', reply="SYNTAX")
        assert refused.startswith("camera: nightmode: not offered by OV3660")
        refused = client.command("camera", '{"contrast": 4}', reply="SYNTAX")
        assert refused.startswith("camera: contrast: -3..3")

        def announced():
            messages = client.on(DISCOVERY)
            return json.loads(messages[-1].payload)["cmps"] if messages else {}

        wait_until(lambda: announced().get("contrast", {}).get("max") == 3)
        assert announced()["saturation"]["min"] == -4
        assert "night" not in announced()
    assert "sensor OV3660" in camera.status("3")


def test_the_clock_of_the_sensor_is_a_setting(camera):
    assert camera.control("sensor")["xclk_hz"] == 20_000_000
    assert camera.command("xclk 12") == "12"
    assert camera.get("/capture").status_code == 200
    assert camera.control("sensor")["xclk_hz"] == 12_000_000
    assert camera.status("3").count("failed 0,") == 1
