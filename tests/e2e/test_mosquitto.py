"""Test broker: TLS, login, ACL, options and restart."""

import queue
import ssl

import paho.mqtt.client as paho
import pytest
from mosquitto import Mosquitto


def client(broker, tls=False, ca_file=None, login=None):
    """Return (connected paho client, queue of (topic, payload) and connect reason codes)."""
    events = queue.Queue()
    made = paho.Client(paho.CallbackAPIVersion.VERSION2)
    made.on_connect = lambda c, u, flags, reason, p: events.put(reason)
    made.on_message = lambda c, u, message: events.put((message.topic, message.payload))
    made.on_subscribe = lambda *_: events.put("subscribed")
    if login:
        made.username_pw_set(*login)
    if tls:
        made.tls_set(str(ca_file or broker.ca_file))
    made.connect("localhost", broker.tls_port if tls else broker.port)
    made.loop_start()
    return made, events


def check_round_trip(made, events, topic="a/b"):
    assert events.get(timeout=5) == "Success"
    made.subscribe(topic, qos=1)
    assert events.get(timeout=5) == "subscribed"
    made.publish(topic, b"\xff\xd8", qos=1)
    assert events.get(timeout=5) == (topic, b"\xff\xd8")
    made.disconnect()
    made.loop_stop()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_round_trip(tmp_path, tls):
    with Mosquitto(tmp_path, tls=True) as broker:
        check_round_trip(*client(broker, tls=tls))


def test_certificate_of_another_authority_is_refused(tmp_path):
    stranger = Mosquitto(tmp_path / "stranger")
    with Mosquitto(tmp_path / "broker", tls=True) as broker:
        with pytest.raises(ssl.SSLCertVerificationError):
            client(broker, tls=True, ca_file=stranger.ca_file)


def test_login(tmp_path):
    with Mosquitto(tmp_path, users={"cam": "secret"}) as broker:
        check_round_trip(*client(broker, login=("cam", "secret")))
        made, events = client(broker, login=("cam", "wrong"))
        assert events.get(timeout=5) != "Success"
        made.loop_stop()


def test_acl_and_options(tmp_path):
    with Mosquitto(tmp_path, acl=["topic readwrite a/#"], options={"max_keepalive": 99}) as broker:
        check_round_trip(*client(broker))
        made, events = client(broker)
        assert events.get(timeout=5) == "Success"
        made.subscribe("secret/#", qos=0)
        assert events.get(timeout=5) == "subscribed"
        made.publish("secret/x", b"1", qos=1).wait_for_publish(5)
        with pytest.raises(queue.Empty):
            events.get(timeout=0.3)
        made.loop_stop()
    assert "max_keepalive 99" in (tmp_path / "mosquitto.conf").read_text()


def test_restart_keeps_the_port(tmp_path):
    with Mosquitto(tmp_path) as broker:
        port = broker.port
        broker.freeze()
        broker.restart()
        assert broker.port == port
        check_round_trip(*client(broker))


def test_bad_option_shows_the_brokers_message(tmp_path):
    with pytest.raises(RuntimeError, match="no_such_option"):
        Mosquitto(tmp_path, options={"no_such_option": 1}).start()
