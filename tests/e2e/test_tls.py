"""MQTT over TLS: the camera sends nothing to a broker that it cannot verify."""

import ssl

import pytest
from certificates import DAY, authority, make
from listener import Listener
from mosquitto import Mosquitto
from pictures import check
from sim import TOPIC, Simulator, wait_until
from tlsserver import RecordingServer

IMAGE = f"data/{TOPIC}/image"
SECRET = "canary-word"


@pytest.fixture(scope="module")
def ca():
    return authority()


@pytest.fixture(scope="module")
def leaf(ca):
    return make(issuer=ca)


@pytest.mark.parametrize("form", ["pem", "der", "two"])
def test_right_authority(tmp_path, form):
    with Mosquitto(tmp_path / "broker", tls=True) as broker:
        file = tmp_path / "ca"
        pem = broker.authority.cert_pem.bytes()
        if form == "two":
            pem = authority("another").cert_pem + pem
        file.write_bytes(ssl.PEM_cert_to_DER_cert(pem.decode()) if form == "der" else pem)
        settings = {"mqttca": f"@{file}", "pubinterval": "1"}
        with Simulator(tmp_path / "camera", broker.tls_uri, settings) as camera:
            with Listener(broker.port) as client:
                check(client.wait(IMAGE).payload)
                assert client.command("power", "on") == "on"
            assert camera.wait_status("mqtt connected").count("tls ca") == 1
            assert "off" not in camera.status().rpartition("mqtt ")[2]


# CA certificates of the camera


@pytest.fixture
def quiet(tmp_path, leaf):
    """Server that no other camera connects to."""
    (tmp_path / "server").mkdir()
    with RecordingServer(tmp_path / "server", leaf.pem) as made:
        yield made


def test_disabled_verification_is_reported(tmp_path, quiet):
    quiet.use(make(alternatives=("example.org",), valid=(-9 * DAY, -DAY)).pem)
    quiet.data = b""
    settings = {"mqttverify": "off", "mqttpass": SECRET, "mqttuser": "cam"}
    with Simulator(tmp_path, f"mqtts://localhost:{quiet.port}", settings) as camera:
        wait_until(lambda: SECRET.encode() in quiet.data, 10, "the login")
        assert "tls off" in camera.status()
        assert camera.command("mqttverify") == "off"
        quiet.data = b""
        assert camera.command("mqttverify ca") == "ca"
        assert "no CA" in camera.wait_status("no CA", 20)
        assert quiet.data == b""


def test_no_tls_without_the_time(tmp_path, quiet, ca):
    """Do not verify certificates with a clock that starts in 2000."""
    quiet.data = b""
    (tmp_path / "ca").write_bytes(ca.cert_pem)
    settings = {"mqttca": f"@{tmp_path / 'ca'}", "mqttuser": "cam", "mqttpass": SECRET}
    uri = f"mqtts://localhost:{quiet.port}"
    with Simulator(tmp_path, uri, settings, ["--sntp", "127.0.0.1:1"]) as camera:
        assert "time" in camera.wait_status("mqtt offline (certificates need the time")
        assert quiet.data == b""
        assert camera.get("/jpg").status_code == 200
