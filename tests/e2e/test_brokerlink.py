"""tools/brokerlink.py: login and TLS, a camera that does not answer, a broker that restarts."""

import argparse

import brokerlink
import pytest
import trustme
from listener import Listener
from mosquitto import Mosquitto

WORD = "open, Sesame!"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("guarded"), tls=True, users={"ann": WORD}) as made:
        yield made


def link(broker, *options, reply_s=5):
    parser = argparse.ArgumentParser()
    brokerlink.add_arguments(parser)
    return brokerlink.BrokerLink(parser.parse_args(["--broker", broker, *options]), reply_s)


def test_tls_and_login(guarded, tmp_path, monkeypatch):
    options = ["--topic", "porch", "--user", "ann", "--cafile", str(guarded.ca_file)]
    monkeypatch.setenv("MQTT_PASSWORD", WORD)
    with link(guarded.tls_uri, *options) as made:
        made.subscribe("stat", "power", "live")
        made.publish("stat/porch/power", "on", 1)
        assert made.wait(lambda message: message.payload, 5) == b"on"
    with (
        pytest.raises(brokerlink.BrokerError, match="the broker refuses: Not authorized"),
        link(guarded.tls_uri, *options, "--password", "wrong"),
    ):
        pass
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    with (
        pytest.raises(brokerlink.NoResponse, match="certificate"),
        link(guarded.tls_uri, *options, "--cafile", str(other)),
    ):
        pass


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["mqtt://host:x", "--topic", "porch"], "--broker: "),
        (["mqtt://host:99999", "--topic", "porch"], "--broker: "),
        (["host", "--topic", "porch"], "--broker: "),
        (["mqtt://[::1", "--topic", "porch"], "--broker: "),
        (["mqtt://host", "--topic", "porch", "--layout", "%topic%"], "--layout: "),
        (["mqtt://host", "--topic", "porch/#"], "--topic: "),
        (["mqtt://host", "--topic", ""], "name the camera"),
    ],
)
def test_wrong_options_are_refused_with_the_reason(options, reason):
    with pytest.raises(brokerlink.BrokerError, match=reason):
        link(*options)


def test_topic_is_that_of_the_device(broker):
    """Other cameras announce their topics meanwhile, and reply to other programs."""
    reply = b"esp32-mqtt-cams, DVES_1, , home, ****, , 120"
    with Listener(broker.port) as camera, link(broker.uri, "--device", "DVES_1") as made:
        camera.publish("stat/porch/status", reply, retain=True)  # from another time
        made.subscribe("stat", "topic", "status")
        camera.publish("stat/attic/topic", b"attic")
        camera.publish("stat/attic/status", reply.replace(b"_1", b"_12"))
        with pytest.raises(brokerlink.NoResponse, match="DVES_1 did not respond within 0 s"):
            made._reply_s = 0.3
            made.find_topic()
        made._reply_s = 5
        camera.wait("cmnd/DVES_1/status", b"1")
        camera.publish("stat/shed/status", reply)
        assert made.find_topic() == "shed"
        assert made.name("cmnd", "live", made.device) == "cmnd/DVES_1/live"


@pytest.mark.slow
def test_it_subscribes_again_after_a_restart_of_the_broker(broker):
    with link(broker.uri, "--topic", "porch") as made:
        made.subscribe("data", "live")
        made._connected.clear()
        made._subscribed.clear()
        broker.restart()
        assert made._connected.wait(10) and made._subscribed.wait(10)
        with Listener(broker.port) as camera:
            camera.publish("data/porch/live", b"jpeg")
        assert made.next(5).payload == b"jpeg"
