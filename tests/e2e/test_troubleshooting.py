"""Troubleshooting quotes what `status` shows for the most frequent faults."""

import manual
from mosquitto import Mosquitto
from sim import Simulator

SECTION = manual.section(manual.text("config/README.md"), "Troubleshooting")
REFUSED = "mqtt://127.0.0.1:1"


def expect(camera, text):
    """Wait until `status` shows a text that a row of a table begins with."""
    assert any(f"`{text}`" in row.split(" | ")[0] for row in SECTION.splitlines()), text
    camera.wait_status(text)


def test_status_shows_what_is_quoted(tmp_path):
    args = ("--driver", "none")
    with Mosquitto(tmp_path / "broker", users={"cam": "secret"}) as broker:
        with Simulator(tmp_path / "camera", REFUSED, {"mqttuser": "cam"}, args) as camera:
            expect(camera, "camera absent (no camera driver in this firmware)")
            expect(camera, "refused or closed on the login")
            camera.command(f"mqtthost {broker.uri}")
            expect(camera, "refused: not authorised")
            camera.command("mqtthost 1")
            expect(camera, "mqtt offline (mqtthost is not set)")
            camera.command("ssid elsewhere")
            camera.command(f"mqtthost {REFUSED}")
            expect(camera, "wifi waiting (no such network)")
            expect(camera, "mqtt offline (no Wi-Fi)")
