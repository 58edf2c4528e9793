"""A broker that is recognised by its public key, learned once on request, without a CA."""

import re
import subprocess

import manual
import pytest
from certificates import DAY, authority, make
from mosquitto import Mosquitto
from sim import Simulator, wait_until
from tlsserver import RecordingServer

SECRET = "canary-word"
LOGIN = {"mqttverify": "pin", "mqttuser": "cam", "mqttpass": SECRET, "pubinterval": "0"}
NO_TIME = ["--sntp", "127.0.0.1:1"]  # a key needs none
OTHER_KEY = "mqtt waiting (the broker's key is not mqttpin: another server may answer; "


@pytest.fixture(scope="module")
def ca():
    return authority()


def present(broker, pair):
    """Write the key and the certificate that the broker has from its next start on."""
    (broker.folder / "server.pem").write_bytes(pair.cert_pem)
    (broker.folder / "server.key").write_bytes(pair.key_pem)


def documented_pin(port):
    """Return what the command in the manual prints for a broker."""
    lines = manual.blocks(manual.text("config/README.md"))
    (line,) = (each for each in lines if "s_client" in each)
    line = line.replace("broker:8883", f"localhost:{port}")
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=30, check=True)
    return re.search(r"\b[0-9a-f]{64}\b", done.stdout)[0]


def test_key_of_mosquitto_is_learned_and_then_required(ca, tmp_path):
    outdated = make("example.org", ca, ("example.org",), valid=(-9 * DAY, -DAY))
    with Mosquitto(tmp_path / "broker", users={"cam": SECRET}, tls=True) as broker:
        broker.kill()
        present(broker, outdated)
        broker.start()
        with Simulator(tmp_path / "camera", broker.tls_uri, LOGIN, NO_TIME) as camera:
            camera.wait_status("mqtt waiting (no key of the broker: set mqttpin, or mqttpin ")
            assert camera.command("mqttpin learn") == "learn"
            camera.wait_status("mqtt connected, tls pin")
            pin = camera.command("mqttpin")
            assert pin == documented_pin(broker.tls_port)
            assert f"mqtt: learned the broker's key: mqttpin is {pin}" in camera.output

            broker.kill()
            present(broker, make(issuer=ca))
            camera.wait_status("mqtt waiting (")
            broker.start()
            known = broker.log.count("u'cam'")
            camera.skip_reconnect_delay()
            assert "set mqttpin to it, or to learn" in camera.wait_status(OTHER_KEY)
            assert OTHER_KEY[6:-1] in str(camera.get("/api/status").json()["broker"])
            assert broker.log.count("u'cam'") == known
            assert camera.command("mqttpin") == pin
            camera.command(f"mqttpin {documented_pin(broker.tls_port).upper()}")
            camera.wait_status("mqtt connected, tls pin")


def test_nothing_is_sent_to_another_key(ca, tmp_path):
    """And a key that is learned in its place does not get the password of the other one."""
    with RecordingServer(tmp_path, make(issuer=ca).pem) as server:
        settings = {**LOGIN, "mqttpin": "5e" * 32}
        uri = f"mqtts://localhost:{server.port}"
        with Simulator(tmp_path / "camera", uri, settings) as camera:
            camera.wait_status(OTHER_KEY)
            assert server.handshakes and server.data == b""
            camera.command("mqttpin learn")
            camera.wait_output("mqttpass: removed, because the certificate is no longer checked")
            camera.wait_output("mqtt: learned the broker's key")
            wait_until(lambda: b"MQTT" in server.data, what="a login")
            assert SECRET.encode() not in server.data
            assert camera.command("mqttpin") not in ("learn", "5e" * 32)
