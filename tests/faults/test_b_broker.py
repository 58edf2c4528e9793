"""Brokers that are absent, refuse, stay silent, or prefer another client with its id."""

import contextlib
import itertools
import threading
import time

import pytest
from deafbroker import replace_deaf_broker
from invariants import invariants, settled
from listener import Listener
from mosquitto import Mosquitto
from pictures import check
from scripted import PINGREQ, SUBSCRIBE, ScriptedBroker
from sidebyside import side_by_side
from sim import TOPIC, Simulator, wait_until

RECOVERY_S = 35
DOWN_S = (0.1, 5, 0.1, 60, 0.1)
MINUTE_S = 60
REASONS = {
    1: "protocol version",
    2: "client id",
    3: "server unavailable",
    4: "bad user name or password",
    5: "not authorised",
    0x80: "code 128",
    0xFF: "code 255",
}
BAD_LOGIN = (4, 5)
LOGIN_S = 30  # between attempts with a login that was refused


def serves(camera):
    """Fail unless page and picture each arrive within 2 s and no task has restarted."""
    for path in ("/", "/jpg"):
        with camera.within(2):
            assert camera.get(path).status_code == 200
    assert "restarts 0," in camera.status("3")


# B1


def test_b1_broker_killed_and_restarted(row, tmp_path):
    """Ten cameras whose broker is killed five times: each reconnects, subscribes and is Online."""
    if row.full:
        with row.injection("absent at the start"):
            absent_at_the_start(tmp_path / "absent")
    broker = Mosquitto(tmp_path / "broker").start()
    try:
        with contextlib.ExitStack() as stack:
            cameras = {}
            for number in range(row.times(10, 1)):
                topic, args = f"camera{number}", ["--device-id", f"DVES_{number:06}"]
                camera = Simulator(
                    tmp_path / topic, broker.uri, {"topic": topic, "pubinterval": "0"}, args
                )
                cameras[topic] = stack.enter_context(camera)
                settled(camera)
                camera.get("/jpg")  # allocates the buffers
                stack.enter_context(invariants(camera, row, longest_pause_ms=None))
            downs = DOWN_S[: row.times(len(DOWN_S), 1)]
            for down_s in downs:
                kill_and_restart(row, broker, cameras, down_s)
            for camera in cameras.values():
                assert f"mqtt connects {1 + len(downs)}," in camera.status("3")
    finally:
        broker.stop()


def absent_at_the_start(folder):
    broker = Mosquitto(folder / "broker")
    with Simulator(folder, broker.uri, {"pubinterval": "0"}) as camera:
        camera.wait_status("mqtt waiting (")
        serves(camera)
        with broker:
            recovery_s(broker, TOPIC)


def kill_and_restart(row, broker, cameras, down_s):
    broker.kill()
    time.sleep(down_s)  # the fault
    next(iter(cameras.values())).wait_status("mqtt waiting (")
    broker.start()
    calls = {
        f"{topic}, {down_s} s": lambda topic=topic: recovery_s(broker, topic) for topic in cameras
    }
    for took_s in side_by_side(row, calls):
        row.figure("recovery", took_s, "s")


def recovery_s(broker, topic):
    """Return the seconds until the camera is Online and answers a command."""
    started = time.monotonic()
    with Listener(broker.port, f"+/{topic}/#") as client:
        client.wait(f"tele/{topic}/LWT", b"Online", RECOVERY_S)
        client.wait(f"stat/{topic}/timer")
        client.publish(f"cmnd/{topic}/pubinterval")
        client.wait(f"stat/{topic}/pubinterval", b"0")
        took_s = time.monotonic() - started
        assert took_s < RECOVERY_S
        client.publish(f"cmnd/{topic}/capture")
        check(client.wait(f"data/{topic}/image").payload)
    return took_s


# B2


def test_b2_connect_refused_or_unanswered(row, tmp_path):
    """The status shows the reason, attempts are rare, and a changed login is tried at once."""
    codes = row.times([*REASONS, None], [5])
    seconds = row.times(MINUTE_S, 1)
    calls = {
        f"code {code}": lambda code=code: refused(tmp_path / str(code), code, seconds)
        for code in codes
    }
    for attempts in side_by_side(row, calls):
        row.figure(f"attempts in {seconds} s", attempts)
        assert attempts <= seconds


def refused(folder, code, seconds):
    """Refuse with `code`, or never answer, for `seconds`; return the number of attempts."""
    accepting = threading.Event()

    def script(peer):
        if accepting.is_set():
            peer.login()
            peer.serve()
        elif code is None:
            peer.packet()
            peer.packet()  # returns when the camera gives up
        else:
            peer.login(code)
            peer.serve()

    with ScriptedBroker(script) as broker, Simulator(folder, broker.uri) as camera:
        reason = f"refused: {REASONS[code]}" if code else "no answer in 15 s"
        wait_until(lambda: broker.connects, what="a connection")
        while time.monotonic() < broker.connects[0] + seconds:
            serves(camera)
            time.sleep(0.5)  # about a hundred requests a minute
        camera.wait_status(reason)
        attempts = len(broker.connects)
        gaps = [b - a for a, b in itertools.pairwise(broker.connects)]
        assert code not in BAD_LOGIN or all(gap >= LOGIN_S for gap in gaps), gaps
        accepting.set()
        camera.command("mqttuser other")
        camera.wait_status("mqtt connected", 20 if code is None else 5)
        assert b"other" in broker.peers[-1].packets[0][2]
    return attempts


# B4


def test_b4_subscription_refused_or_unanswered(row, tmp_path):
    """A refused filter is reported and retried on the same link; silence ends the link."""
    calls = {"SUBACK 0x80": lambda: subscription_refused(tmp_path / "refused", row.full)}
    if row.full:
        calls["no SUBACK"] = lambda: no_suback(tmp_path / "silent")
    side_by_side(row, calls)


def subscription_refused(folder, wait_for_retry):
    requested = []

    def script(peer):
        peer.login()
        while got := peer.packet():
            if got[0] == SUBSCRIBE:
                group = b"esp32-mqtt-cams" in got[2]
                peer.send(b"\x90\x03" + got[2][:2] + (b"\x80" if group else b"\x01"))
                requested.append(group)
            elif got[0] == PINGREQ:
                peer.send(b"\xd0\x00")

    settings = {"mqttkeepalive": "10", "hadiscovery": "off"}
    with ScriptedBroker(script) as broker, Simulator(folder, broker.uri, settings) as camera:
        camera.wait_status("mqtt connected")
        camera.wait_output("subscription refused: cmnd/esp32-mqtt-cams/#")
        if wait_for_retry:
            wait_until(lambda: sum(requested) > 1, what="a retry of the refused subscription")
            assert len(requested) == 4
        assert len(broker.connects) == 1


def no_suback(folder):
    def script(peer):
        peer.login()
        while peer.packet():
            pass

    settings = {"hadiscovery": "off"}
    with ScriptedBroker(script) as broker, Simulator(folder, broker.uri, settings) as camera:
        camera.wait_status("no SUBACK", 30)
        assert len(broker.connects) == 1
        assert sum(packet[0] == SUBSCRIBE for packet in broker.peers[0].packets) == 3
        serves(camera)
        wait_until(lambda: len(broker.connects) > 1, what="another attempt")


# B5 and B6


@pytest.mark.slow
def test_b5_broker_that_falls_silent(row, tmp_path):
    """A link on which nothing is answered, or nothing is read, is replaced."""
    calls = {
        f"no PINGRESP, {s} s": lambda s=s: silent(row, tmp_path / str(s), s) for s in (10, 20)
    }
    calls["never reads"] = lambda: replace_deaf_broker(row, tmp_path / "unread", serves)
    side_by_side(row, calls)


def silent(row, folder, keepalive_s):
    """Acknowledge the subscriptions, then answer nothing more."""
    ends = []  # seconds from the last answer to the end of the link

    def script(peer):
        peer.login()
        answered_at = 0
        while got := peer.packet():
            if got[0] == SUBSCRIBE:
                answered_at = time.monotonic()
                peer.send(b"\x90\x03" + got[2][:2] + b"\x01")
        ends.append(time.monotonic() - answered_at)

    settings = {"mqttkeepalive": str(keepalive_s)}
    with ScriptedBroker(script) as broker, Simulator(folder, broker.uri, settings) as camera:
        wait_until(lambda: ends, 3 * keepalive_s, "the end of the link")
        wait_until(lambda: len(broker.connects) > 1, what="a new connection")
        assert PINGREQ in [packet[0] for packet in broker.peers[0].packets]
        serves(camera)
    row.figure("end of a silent link", ends[0] / keepalive_s, "keepalives")
    assert ends[0] <= 1.5 * keepalive_s


@pytest.mark.slow
def test_b6_same_client_id(row, tmp_path):
    """Another client that returns after a second each time does not cause a reconnect loop."""
    with Mosquitto(tmp_path / "broker") as broker, Simulator(tmp_path, broker.uri) as camera:
        camera.wait_status("mqtt connected")
        mine = "as DVES_A1B2C3 (p2, c1, k120"
        before = broker.log.count(mine)
        with Listener(broker.port, "a", client_id="DVES_A1B2C3"):
            time.sleep(MINUTE_S)  # the fault
        connects = broker.log.count(mine) - before
        row.figure("connects in a minute", connects)
        row.count(broker.log.count("already connected, closing old connection"))
        assert connects <= 6
        camera.wait_status("mqtt connected", RECOVERY_S)
        serves(camera)
