"""What `status` shows for the most frequent faults is what Troubleshooting quotes."""

import manual
from mosquitto import Mosquitto
from sim import Simulator, wait_until

SECTION = manual.section(manual.text("config/README.md"), "Troubleshooting")
REFUSED = "mqtt://127.0.0.1:1"


def expect(camera, text):
    """Wait until `status` shows a text that a row of a table begins with."""
    assert any(f"`{text}`" in row.split(" | ")[0] for row in SECTION.splitlines()), text
    camera.wait_status(text)


def test_status_shows_what_is_quoted(tmp_path):
    with Simulator(tmp_path / "camera", REFUSED) as camera:
        expect(camera, "mqtt waiting (connection refused or reset)")
        camera.command("mqtthost 1")
        expect(camera, "mqtt offline (mqtthost is not set)")
        camera.control("camera", fault="absent")
        wait_until(lambda: camera.get("/capture").status_code == 503, what="no picture")
        expect(camera, "camera absent (no sensor answers)")
        camera.command(f"mqtthost {REFUSED}")
        camera.command("ssid elsewhere")
        expect(camera, "wifi waiting (no such network)")
        expect(camera, "mqtt offline (no Wi-Fi)")


def test_broker_that_refuses_the_login(tmp_path):
    users = {"cam": "secret"}
    with Mosquitto(tmp_path / "broker", users=users) as broker:
        with Simulator(tmp_path / "camera", broker.uri, {"mqttuser": "cam"}) as camera:
            expect(camera, "mqtt waiting (refused: not authorised)")
