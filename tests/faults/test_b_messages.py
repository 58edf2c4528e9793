"""Messages that are lost, repeated, retained, malformed, oversized or too many."""

import queue
import socket
import struct
import threading

from invariants import LOG_BYTES, invariants, settled
from listener import Listener
from mosquitto import Mosquitto
from scripted import (
    CONNECT,
    PINGREQ,
    PUBACK,
    PUBLISH,
    SUBSCRIBE,
    ScriptedBroker,
    length,
    publish,
)
from sim import TOPIC, Simulator

QUIET = {"pubinterval": "0"}
STAT = f"stat/{TOPIC}/"
POWER = STAT + "power"
TOGGLE = f"cmnd/{TOPIC}/power"
WAITING = 512  # commands in the queue
A_SECOND = 500  # commands


# B3


def test_b3_no_puback(row, tmp_path):
    """An unacknowledged message is sent again on the next link, with DUP and the same id."""
    lost_with_its_link(row, tmp_path / "lost")
    if row.full:
        with row.injection("a link that lives"):
            unacknowledged_on_a_link_that_lives(tmp_path / "alive")


def lost_with_its_link(row, folder):
    sent, again = queue.Queue(), queue.Queue()

    def script(peer):
        peer.login()
        while got := peer.packet():
            answer(peer, got)
            if got[0] == PUBLISH and got[1] & 8:
                again.put(got)
                peer.send(b"\x40\x02" + fields(got)[0])
            elif got[0] == PUBLISH and got[1] & 6:
                sent.put(got)
                if peer.number % 2:  # the other links end because of the settings
                    peer.sock.shutdown(socket.SHUT_WR)

    with ScriptedBroker(script) as broker, Simulator(folder, broker.uri, QUIET) as camera:
        settled(camera)
        with invariants(camera, row, memory=LOG_BYTES):
            for number in range(row.times(100, 3)):
                with row.injection():
                    first = sent.get(timeout=20)
                    assert fields(first)[1] == (b"on" if number % 2 else b"off")
                    camera.command("power toggle")  # waits for the acknowledgement
                    camera.command(f"mqttuser u{number}")  # connects without a delay
                    repeated = again.get(timeout=20)
                    assert repeated[1] & 8 and not first[1] & 8
                    assert repeated[2] == first[2]
        assert all(peer.packets[0][0] == CONNECT for peer in broker.peers)


def unacknowledged_on_a_link_that_lives(folder):
    """Answer pings but no message: after 20 s the camera connects again and repeats it."""
    repeated = queue.Queue()

    def script(peer):
        peer.login()
        while got := peer.packet():
            answer(peer, got)
            if got[0] == PUBLISH and got[1] & 8:
                repeated.put(got)

    settings = {"mqttkeepalive": "10"}
    with ScriptedBroker(script) as broker, Simulator(folder, broker.uri, settings) as camera:
        camera.wait_output("mqtt: ! no PUBACK", 40)
        assert POWER.encode() in repeated.get(timeout=20)[2]
        assert len(broker.connects) == 2


def answer(peer, packet):
    """Answer what is no message."""
    if packet[0] == SUBSCRIBE:
        peer.send(b"\x90\x03" + packet[2][:2] + b"\x01")
    elif packet[0] == PINGREQ:
        peer.send(b"\xd0\x00")


def topic_of(packet):
    """Return the topic of a PUBLISH."""
    return packet[2][2 : 2 + struct.unpack_from("!H", packet[2])[0]].decode()


def fields(packet):
    """Return (packet id as two bytes, payload) of a PUBLISH at QoS 1."""
    at = 2 + struct.unpack_from("!H", packet[2])[0]
    return packet[2][at : at + 2], packet[2][at + 2 :]


# B7

MALFORMED = {
    "remaining length of five bytes": b"\x30\xff\xff\xff\xff\x01",
    "reserved type 0": b"\x00\x00",
    "reserved type 15": b"\xf0\x00",
    "a client's packet": b"\xc0\x00",
    "a second CONNACK": b"\x20\x02\x00\x00",
    "QoS 3": b"\x36\x07\x00\x03a/b\x00\x01",
    "QoS 2": b"\x34\x07\x00\x03a/b\x00\x01",
    "packet id 0": publish(TOGGLE, b"on", qos=1, packet_id=0),
    "topic longer than its packet": b"\x30\x04\x00\x09ab",
    "empty topic": b"\x30\x02\x00\x00",
    "truncated topic length": b"\x30\x01\x00",
    "topic is not UTF-8": b"\x30\x04\x00\x02\xff\xfe",
    "missing packet id": b"\x32\x05\x00\x03a/b",
    "PUBACK of three bytes": b"\x40\x03\x00\x01\x00",
    "empty SUBACK": b"\x90\x00",
    "long PINGRESP": b"\xd0\x05abcde",
    "huge SUBACK": b"\x90" + length(200_000_000) + bytes(100),
    "bad flags": b"\x4f\x02\x00\x01",
    "QoS 0 with DUP": publish(TOGGLE, b"on", dup=True),
    "topic with NUL": publish("a\0b"),
    "topic with a wildcard": publish("a/#"),
    "overlong UTF-8": b"\x30\x04\x00\x02\xc0\xaf",
    "a surrogate": b"\x30\x05\x00\x03\xed\xa0\x80",
    "SUBACK with code 3": b"\x90\x03\xea\x60\x03",
}
VALID = (
    publish(TOGGLE, b"off", qos=1, packet_id=7),
    publish(f"cmnd/{TOPIC}/pulse", b"0"),
    publish("a/b", bytes(300), retain=True),
    b"\x40\x02\x00\x01",
    b"\x90\x03\xea\x60\x01",
    b"\xd0\x00",
)


def mutant(chance):
    """Return valid packets with one to three bytes changed, dropped, doubled or inserted."""
    data = bytearray(b"".join(chance.choice(VALID) for _ in range(chance.randint(1, 3))))
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(min(len(data), 48) or 1)  # the heads are at the start
        change = chance.randrange(4)
        if change == 0 and data:
            data[at] ^= 1 << chance.randrange(8)
        elif change == 1:
            del data[at : at + chance.randint(1, 3)]
        elif change == 2:
            data[at:at] = data[at : at + chance.randint(1, 9)]
        else:
            data[at:at] = chance.randbytes(chance.randint(1, 5))
    return bytes(data) or b"\0"


def test_b7_malformed_packets(row, tmp_path):
    """Each forbidden packet ends its link, and the next one works; random ones may be valid."""
    named = list(MALFORMED.items())
    named = named if row.full else row.chance.sample(named, 5)
    mutants = [mutant(row.chance) for _ in range(row.times(250, 15))]
    todo, go, ended = queue.Queue(), threading.Event(), queue.Queue()

    def script(peer):
        go.wait(30)  # a link with the old settings would end at once
        if not peer.up():
            return
        go.clear()
        if data := todo.get():
            peer.send(data)
            if data in mutants:
                peer.sock.shutdown(socket.SHUT_WR)  # it may be valid, or not whole
            while peer.packet():  # the camera must close; a keepalive timeout takes longer
                pass
            ended.put(data)
        peer.serve()

    def connect(camera, data):
        camera.command(f"mqttuser u{len(broker.connects)}")  # without a delay
        todo.put(data)
        go.set()

    with ScriptedBroker(script) as broker:
        todo.put(None)
        go.set()
        with Simulator(tmp_path, broker.uri, QUIET) as camera:
            settled(camera)
            with invariants(camera, row, memory=LOG_BYTES):
                for name, data in [*named, *((data.hex(), data) for data in mutants)]:
                    connect(camera, data)
                    with row.injection(name), camera.within(5):
                        assert ended.get(timeout=20) == data
                connect(camera, None)
                camera.wait_status("mqtt connected")
            assert camera.output.count("the broker violates MQTT 3.1.1") >= len(named)
    row.figure("mutants", len(mutants))


# B8


def test_b8_ten_megabytes_to_a_command(row, tmp_path):
    """The message is skipped as it arrives: half of it takes no more memory than none of it."""
    size = 10_000_000
    half, go_on = threading.Event(), threading.Event()

    def script(peer):
        peer.up()
        for topic in ("pubinterval", "no/such/thing/" + "x" * 300):
            whole = publish(f"cmnd/{TOPIC}/{topic}", bytes(size))
            peer.send(whole[: size // 2])
            half.set()
            go_on.wait(20)
            go_on.clear()
            peer.send(whole[size // 2 :])
        peer.send(publish(TOGGLE, b"toggle"))
        peer.serve()

    with ScriptedBroker(script) as broker, Simulator(tmp_path, broker.uri, QUIET) as camera:
        settled(camera)
        with invariants(camera, row):
            before = camera.heap_free()
            for topic in ("a command's", "another"):
                with row.injection(topic):
                    assert half.wait(20)
                    half.clear()
                    taken = before - camera.heap_free()
                    row.figure("memory taken", taken, "bytes")
                    assert taken <= 8_192
                    go_on.set()
            camera.wait_output("power = on")
        got = [packet[2] for packet in broker.peers[0].packets if packet[0] == PUBLISH]
        assert sum(b"pubinterval: at most 1024 bytes" in body for body in got) == 1
        assert len(broker.connects) == 1


# B10


def test_b10_retained_commands(row, tmp_path):
    """Retained commands are never executed, on any of twenty connects."""
    commands = {"restart": "1", "mqttotastart": "1", "capture": "", "power": "on"}
    commands |= {"topic": "stolen", "pubinterval": "9"}
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as client:
        for name, argument in commands.items():
            client.publish(f"cmnd/{TOPIC}/{name}", argument or "x", retain=True)
        with Simulator(tmp_path, broker.uri, {"pubinterval": "0"}) as camera:
            since = 0
            for number in range(row.times(20, 3)):
                with row.injection():
                    client.wait(STAT + "timer", since=since)
                    assert client.command("status").split(", ")[1:4] == [TOPIC, "#", "off"]
                    since = client.catch_up()
                    camera.command(f"mqttuser u{number}")  # connects again
            assert camera.command("pubinterval") == "0"
            assert camera.facts["boots"] == 1
            for name in commands:
                assert f"a retained command is not executed: {name}" in camera.output
            topics = {message.topic for message in client.messages}
            assert not {STAT + name for name in ("restart", "mqttotastart", "capture")} & topics
            assert f"data/{TOPIC}/image" not in topics
            for name in ("topic", "pubinterval", "power"):  # what the camera publishes by itself
                states = {message.payload.decode() for message in client.on(STAT + name)}
                assert states and commands[name] not in states


# B11


def test_b11_command_delivered_twice(row, tmp_path):
    """A repeated message is acknowledged again, but executed once; its id may be used again."""
    count = row.times(100, 5)
    steps = [(id, dup, not dup) for id in range(1, count + 1) for dup in (False, True, True)]
    steps += [(count + 1, True, True), (count + 1, True, False), (1, False, True)]
    answers, finished = [], threading.Event()

    def script(peer):
        peer.up()
        for id, dup, runs in steps:
            peer.send(publish(TOGGLE, b"toggle", 1, id, dup))
            answers.append(fields_of_puback(peer.serve(lambda got: got[0] == PUBACK)))
            if runs:
                peer.serve(lambda got: got[0] == PUBLISH and POWER.encode() in got[2])
        finished.set()
        peer.serve()

    with ScriptedBroker(script) as broker, Simulator(tmp_path, broker.uri, QUIET) as camera:
        assert finished.wait(60)
        camera.wait_status("mqtt connected")
        assert answers == [id for id, _, _ in steps]
        packets = [packet for packet in broker.peers[0].packets if packet[0] == PUBLISH]
        switched = [fields(packet)[1] for packet in packets if topic_of(packet) == POWER]
        runs = sum(run for _, _, run in steps)
        assert switched == [(b"off", b"on")[n % 2] for n in range(1 + runs)]  # and the greeting
        row.count(len(steps) - runs)


def fields_of_puback(packet):
    """Return the packet id."""
    return struct.unpack("!H", packet[2])[0]
