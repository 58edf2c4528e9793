"""Security: many cameras at one broker, with minimal rights (config/mosquitto)."""

import queue
import re
import ssl
import subprocess
import time

import paho.mqtt.client as paho
import pytest
from mosquitto import HOST, Mosquitto, free_port, program
from pictures import check
from sim import ROOT, TOPIC, Simulator

HERE = ROOT / "config" / "mosquitto"
DEVICE, GROUP = "DVES_A1B2C3", "esp32-mqtt-cams"
LOGINS = {"hub": "of the hub", TOPIC: "of the camera", "other": "of another one"}


class Broker(Mosquitto):
    """mosquitto with the files of config/mosquitto, in which only paths and port are changed."""

    def __init__(self, folder):
        super().__init__(folder, tls=True)
        self.tls_port = free_port()
        certificate = self.authority.issue_cert("localhost")
        (folder / "certs").mkdir()
        (folder / "certs" / "broker.crt").write_bytes(certificate.cert_chain_pems[0].bytes())
        certificate.private_key_pem.write_to_path(folder / "certs" / "broker.key")
        self._write("acl", (HERE / "acl").read_text().splitlines())
        passwords = self._write("passwords", [f"{name}:{word}" for name, word in LOGINS.items()])
        subprocess.run([program("mosquitto_passwd"), "-U", passwords], check=True)
        text = (HERE / "mosquitto.conf").read_text()
        text = text.replace("/etc/mosquitto/", f"{folder}/")
        text = text.replace("listener 8883", f"listener {self.tls_port} {HOST}")
        self.port = None  # there is no listener without TLS
        self._conf = self._write("cameras.conf", [*text.splitlines(), "user root"])


class Client:
    """MQTT client over TLS; `received` is a queue of (topic, payload)."""

    def __init__(self, broker, user=None, password=None, client_id=""):
        self.received = queue.Queue()
        self._answers = queue.Queue()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=client_id)
        self._client.tls_set(broker.ca_file, cert_reqs=ssl.CERT_REQUIRED)
        self._client.username_pw_set(user, password)
        self._client.on_connect = lambda *args: self._answers.put(args[3])
        self._client.on_subscribe = lambda *args: self._answers.put(args[3])
        self._client.on_message = lambda _, __, m: self.received.put((m.topic, m.payload))
        self._client.connect("localhost", broker.tls_port)
        self._client.loop_start()
        self.refused = self._answers.get(timeout=10).is_failure

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()

    def subscribe(self, *filters):
        self._client.subscribe([(each, 1) for each in filters])
        self._answers.get(timeout=10)

    def publish(self, topic, payload=b""):
        """Publish at QoS 1; the broker acknowledges what it drops, too."""
        self._client.publish(topic, payload, 1).wait_for_publish(10)

    def wait(self, topic, payload=None):
        """Return the next payload on `topic`, or wait for `payload`."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            name, data = self.received.get(timeout=20)
            if name == topic and payload in (None, data):
                return data
        raise AssertionError(f"no {payload} on {topic}")


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path / "broker") as made:
        yield made


@pytest.fixture
def hub(broker):
    with Client(broker, "hub", LOGINS["hub"]) as made:
        made.subscribe("#")
        yield made


@pytest.mark.slow
def test_s26_many_cameras_at_one_broker(broker, hub, row, tmp_path):
    """A camera's login is enough for all its functions, and gives no access to another camera."""
    login = {"mqttuser": TOPIC, "mqttpass": LOGINS[TOPIC], "mqttca": f"@{broker.ca_file}"}
    settings = {**login, "pubinterval": "1"}
    with Simulator(tmp_path / "camera", broker.tls_uri, settings) as camera:
        with row.injection("least rights"):
            all_it_has_to(camera, hub)
        for topic in ("cmnd/other/power", f"cmnd/{GROUP}/power", "data/other/image", "OTA/x/data"):
            with row.injection(f"thief at {topic}"):
                stolen_login(hub, broker, topic)
        for user, password in ((None, None), ("hub", "wrong"), ("nobody", "x"), (TOPIC, "")):
            with row.injection(f"stranger {user}"), Client(broker, user, password) as client:
                assert client.refused
        if row.full:
            with row.injection("another camera"):
                another_camera(hub, broker, login, tmp_path)


def another_camera(hub, broker, login, folder):
    """Start a second camera with its own login: the first one works on; the client ids differ."""
    settings = {**login, "mqttuser": "other", "mqttpass": LOGINS["other"], "topic": "other"}
    options = ("--device-id", "DVES_A1B2C4")
    with Simulator(folder / "other", broker.tls_uri, settings, options):
        hub.wait("tele/other/LWT", b"Online")
        hub.publish(f"cmnd/{TOPIC}/timer", b"7")
        hub.wait(f"stat/{TOPIC}/timer", b"7")
    assert set(re.findall(r"as (DVES_\w+) ", broker.log)) == {DEVICE, "DVES_A1B2C4"}


def all_it_has_to(camera, hub):
    """Publish pictures and replies, execute commands, and receive an update."""
    hub.wait(f"tele/{TOPIC}/LWT", b"Online")
    check(hub.wait(f"data/{TOPIC}/image"))
    for topic, minutes in ((TOPIC, b"5"), (DEVICE, b"6")):
        hub.publish(f"cmnd/{topic}/timer", minutes)
        hub.wait(f"stat/{TOPIC}/timer", minutes)
    hub.publish(f"cmnd/{GROUP}/power", b"off")
    hub.wait(f"stat/{TOPIC}/power", b"off")
    hub.publish(f"cmnd/{TOPIC}/mqttotastart", b"1")
    hub.wait(f"stat/{TOPIC}/mqttotastart", b"on")
    hub.publish(f"OTA/{DEVICE}/data", b"not an image, but it arrives")
    hub.wait(f"stat/{TOPIC}/mqttotastart", b"off")
    assert "tls ca" in camera.status()


def stolen_login(hub, broker, topic):
    """With the login of one camera, another one is neither seen nor controlled."""
    with Client(broker, TOPIC, LOGINS[TOPIC], client_id="thief") as thief:
        thief.subscribe("#", "data/other/image", "cmnd/other/power")
        thief.publish(topic, b"forged")
        for other, payload in (("cmnd/other/power", b"on"), ("data/other/image", b"secret")):
            hub.publish(other, payload)
        hub.publish(f"cmnd/{GROUP}/help", b"last")
        assert thief.wait(f"cmnd/{GROUP}/help", b"last")
        assert thief.received.empty()
    hub.publish("hub/end")
    seen = set()
    while (message := hub.received.get(timeout=20))[0] != "hub/end":
        seen.add(message)
    assert not [topic for topic, payload in seen if payload == b"forged"]
