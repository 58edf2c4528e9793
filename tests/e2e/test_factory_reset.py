"""Factory reset: none of the user's settings stays in flash."""

import trustme
from probe import NO_BROKER
from sim import Simulator, wait_until

SECRETS = {
    "password": "simulated",
    "mqttpass": "canary-broker",
    "mqttuser": "canary-user",
    "topic": "canary-topic",
    "mqttclientid": "canary-client",
}
REQUEST = 4  # flash operations that request the reset
GREETING = "system: esp32-mqtt-cam"


def remains(camera, *texts):
    """Return the texts that are still in the flash."""
    flash = (camera.state / "flash.bin").read_bytes()
    return [text for text in texts if text.encode() in flash]


def test_reset_leaves_no_secret_even_after_a_power_cut(tmp_path):
    certificate = trustme.CA().cert_pem.bytes()
    (tmp_path / "ca.pem").write_bytes(certificate)
    marks = [*SECRETS.values(), certificate.decode()[100:160], "canary-first"]
    settings = {**SECRETS, "mqttca": f"@{tmp_path / 'ca.pem'}"}
    with Simulator(tmp_path, NO_BROKER, settings) as camera:
        for url in ("http://canary-first", "http://other"):
            camera.command("otaurl " + url)
            wait_until(
                lambda url=url: camera.control("nvs")["nvs"]["syscfg"].get("OTA_URL") == url
            )
        assert remains(camera, *marks) == marks  # NVS keeps replaced values, too
        before = camera.control("flash")
        keys = len(camera.control("nvs")["nvs"]["syscfg"])  # erased before the restart
        cut = before["operations"] + keys + REQUEST + 2
        camera.control("power_cut", after_ops=keys + REQUEST + 2, mode="torn")
        camera.type("reset 1\n")
        wait_until(lambda: camera.control("flash")["operations"] == cut, 10, "the first cut")
        assert camera.control("flash")["erases"] == before["erases"] + 2  # of NVS, in boot.py
        assert "erase" in camera.files.paths()
        camera.control("power_cut", after_ops=1_000, mode="torn")  # while free space is filled
        camera.control("power_on")
        cut += 1_000
        wait_until(lambda: camera.control("flash")["operations"] == cut, 10, "the second cut")
        assert {"erase", "erase.fill"} <= set(camera.files.paths())
        camera.control("power_on")
        wait_until(lambda: camera.output.count(GREETING) == 2, 20, "the start of a new board")
        assert remains(camera, *marks) == []
        assert "syscfg" not in camera.control("nvs")["nvs"]
        assert camera.files.paths() == []
