"""Brokers with demands: `status` says what they are and what to do, and then it works."""

import ssl

import pytest
from certificates import authority, make
from mosquitto import Mosquitto
from scripted import PUBLISH, SUBSCRIBE, ScriptedBroker
from sim import Simulator
from tlsserver import RecordingServer


@pytest.fixture(scope="module")
def ca():
    return authority()


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    settings = {"mqttverify": "off", "pubinterval": "0"}
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, settings) as made:
        yield made


def check_reason(camera, uri, *parts):
    """Connect to a broker, and wait until `status` gives the reason why that fails."""
    camera.command(f"mqtthost {uri}")
    for part in parts:
        assert part in camera.wait_status(part)


# Reasons


def test_tls_servers(camera, ca, tmp_path):
    leaf = make(issuer=ca).pem
    with RecordingServer(tmp_path, leaf) as server:
        uri = f"mqtts://localhost:{server.port}"
        server.use(leaf, minimum_version=ssl.TLSVersion.TLSv1_3)
        check_reason(camera, uri, "mqtt waiting (the broker offers no TLS 1.2")
        server.use(leaf, clients=ca)
        check_reason(camera, uri, "requires a client certificate: set mqttcert and mqttkey")


def test_wrong_protocol_on_the_port(camera, broker, tmp_path):
    with Mosquitto(tmp_path, tls=True) as secure:
        check_reason(
            camera, f"mqtts://127.0.0.1:{broker.port}", "closed before TLS", "use mqtt://"
        )
        check_reason(camera, f"mqtt://127.0.0.1:{secure.tls_port}", "TLS needs mqtts://")
    check_reason(camera, "mqtt://127.0.0.1:1", "connection refused by 127.0.0.1:1: is the broker")


def test_login_of_mosquitto(camera, tmp_path):
    with Mosquitto(tmp_path, users={"cam": "secret"}) as guarded:
        check_reason(camera, guarded.uri, "refused: not authorised; check mqttuser, mqttpass")


@pytest.mark.parametrize("what", ["group", "retained"])
def test_closes_by_phase(camera, what):
    def closes(packet):
        kind, flags, body = packet
        if what == "group":
            return kind == SUBSCRIBE and b"/esp32-mqtt-cams/" in body
        return kind == PUBLISH and flags & 1

    def script(peer):
        peer.login()
        peer.serve(refuse=closes)

    reason = "the subscription to cmnd/esp32-mqtt-cams/#: allow it"
    if what == "retained":
        reason = "if the broker keeps no retained messages, set retain 0"
    with ScriptedBroker(script) as scripted:
        check_reason(camera, scripted.uri, reason)
