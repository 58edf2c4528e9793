"""Brokers with demands: `status` says what they are and what to do, and then it works."""

import json
import ssl

import httpx
import pytest
from certificates import CLIENT, authority, make
from listener import Listener
from mosquitto import Mosquitto, free_port
from pictures import check
from scripted import PUBLISH, SUBSCRIBE, ScriptedBroker
from sim import TOPIC, Simulator, wait_until
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


def set_settings(camera, **values):
    response = httpx.post(f"{camera.url}/api/settings", json=values, trust_env=False)
    assert response.status_code == 200, response.text


# Reasons


def test_tls_servers(camera, ca, tmp_path):
    leaf = make(issuer=ca).pem
    with RecordingServer(tmp_path, leaf) as server:
        uri = f"mqtts://localhost:{server.port}"
        server.use(leaf, minimum_version=ssl.TLSVersion.TLSv1_3)
        check_reason(camera, uri, "mqtt waiting (the broker offers no TLS 1.2, or")
        server.use(leaf, clients=ca)
        check_reason(camera, uri, "requires a client certificate: set mqttcert and mqttkey")


def test_wrong_protocol_on_the_port(camera, broker, tmp_path):
    with Mosquitto(tmp_path, tls=True) as secure:
        check_reason(
            camera, f"mqtts://127.0.0.1:{broker.port}", "closed before TLS", "use mqtt://"
        )
        check_reason(camera, f"mqtt://127.0.0.1:{secure.tls_port}", "TLS needs mqtts://")


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


# Client certificates


def set_pair(camera, pair):
    """Send a client certificate and its key in one request."""
    set_settings(camera, mqttcert=pair.cert_pem.decode(), mqttkey=pair.key_pem.decode())


def test_client_certificate(camera, broker, ca, tmp_path):
    """Set over MQTT at one broker, used at another that requires it; the key is never shown."""
    own, other = (make(name, issuer=ca, usage=CLIENT) for name in ("porch", "garden"))
    rsa = make("porch", issuer=ca, usage=CLIENT, rsa_bits=2_048)
    (tmp_path / "clients.pem").write_bytes(ca.cert_pem)
    options = {"cafile": tmp_path / "clients.pem", "require_certificate": "true"}
    with Mosquitto(tmp_path / "broker", tls=True, options=options) as strict:
        camera.command(f"mqtthost {broker.uri}")
        camera.wait_status("mqtt connected")
        with Listener(broker.port) as client:
            since = client.catch_up()  # past the Online of the link before
            assert client.command("mqttcert", own.cert_pem) == "mqttcert.pem"
            client.wait(f"tele/{TOPIC}/LWT", b"Online", since=since)
            refused = client.command("mqttkey", other.key_pem, reply="SYNTAX")
            assert "mqttkey does not belong to mqttcert" in refused
            refused = client.command("mqttkey", own.encrypted_key_pem, reply="SYNTAX")
            assert "the key is encrypted: openssl pkey" in refused
            refused = client.command("mqttcert", own.key_pem, reply="SYNTAX")
            assert "this is a private key" in refused
            check_reason(camera, strict.tls_uri, "the client certificate has no key: set mqttkey")
            camera.command(f"mqtthost {broker.uri}")
            camera.wait_status("mqtt connected")
            assert client.command("mqttkey", own.key_pem) == "***"
            secret = own.key_pem.splitlines()[1].decode()
            camera.command(f"mqtthost {strict.tls_uri}")
            camera.wait_status("mqtt connected, tls off")
            camera.type("config\n")
            camera.wait_output("syslog = ")
            shown = camera.get("/api/settings").text + camera.output
            for message in client.messages:
                shown += "" if message.topic.startswith("cmnd/") else message.payload.decode()
            assert secret not in shown
            set_pair(camera, rsa)
            camera.wait_status("mqtt connected, tls off")
        stranger = make("porch", issuer=authority("stranger"), usage=CLIENT)
        set_pair(camera, stranger)
        camera.wait_status("refuses the client certificate")
        for name in ("mqttkey", "mqttcert"):
            camera.command(f"{name} 1")
        camera.wait_status("requires a client certificate")


def test_self_signed_certificate_is_its_own_ca(camera, tmp_path):
    own, other = make(), make()
    with RecordingServer(tmp_path, own.pem) as server:
        camera.command("mqttverify ca")
        set_settings(camera, mqttca=own.cert_pem.decode())
        camera.command(f"mqtthost mqtts://localhost:{server.port}")
        wait_until(lambda: b"MQTT" in server.data, what="a login")
        server.use(other.pem)
        check_reason(camera, f"mqtts://127.0.0.1:{server.port}", "certificate is not signed")
    set_settings(camera, mqttca="", mqttverify="off")


# MQTT over WebSocket


@pytest.mark.parametrize("scheme", ["ws", pytest.param("wss", marks=pytest.mark.slow)])
def test_websocket(camera, tmp_path, scheme):
    port = free_port()
    options = {"listener": f"{port} 127.0.0.1", "protocol": "websockets"}
    if scheme == "wss":
        for name, file in (("certfile", "server.pem"), ("keyfile", "server.key")):
            options[name] = tmp_path / file
    with Mosquitto(tmp_path, tls=True, options=options) as web:
        camera.command(f"mqtthost {scheme}://localhost:{port}/mqtt")
        camera.wait_status("mqtt connected")
        with Listener(web.port) as client:
            for name in ("on", "off"):
                assert client.command("power", name) == name
            since = len(client.messages)
            client.command("capture")
            picture = client.wait(f"data/{TOPIC}/image", since=since).payload
            check(picture)
            assert len(picture) > 100_000
            update = b"x" * 100_000  # one large message to the camera, which skips it
            client.publish(f"cmnd/{TOPIC}/pulse", update)
            assert client.command("pulse", "7") == "7"
        web.kill()
        camera.wait_status("mqtt waiting (c")


# Topic levels


def test_one_root_for_all_topics(tmp_path):
    """A broker that allows one root: commands, replies, picture, last will and discovery."""
    root = "home/garden/cam"
    allowed = ["home/garden/#", "homeassistant/#", "listener/#"]
    settings = {"topic": "cam", "topiclayout": "home/garden/%topic%/%prefix%", "pubinterval": "1"}
    with (
        Mosquitto(tmp_path / "b", acl=[f"topic readwrite {each}" for each in allowed]) as broker,
        Listener(broker.port) as client,
        Simulator(tmp_path, broker.uri, settings) as camera,
    ):
        client.wait(f"{root}/tele/LWT", b"Online")
        check(client.wait(f"{root}/data/image").payload)
        device_id = camera.facts["device_id"]
        for topic in (root, f"home/garden/{device_id}", "home/garden/esp32-mqtt-cams"):
            since = client.catch_up()
            client.send(f"{topic}/cmnd/power", "toggle")
            client.wait(f"{root}/stat/power", since=since)
        found = client.wait(f"homeassistant/device/{device_id}/config").payload
        config = json.loads(found)
        assert config["avty_t"] == f"{root}/tele/LWT"
        assert config["cmps"]["lamp"]["command_topic"] == f"{root}/cmnd/power"
        assert config["cmps"]["camera"]["topic"] == f"{root}/data/image"
        assert "Denied" not in broker.log
