"""Random packets of a broker: for the firmware's receiver on CPython, and for a running camera."""

import struct
import threading

import onpc
from mqttreference import parsed
from scripted import PUBACK, ScriptedBroker, publish
from sim import TOPIC, wait_until

from aio.reader import Reader
from app.mqtt.receiver import Receiver
from proto.mqtt import ProtocolError

PULSE = f"cmnd/{TOPIC}/pulse"
SEEDS = [
    publish(PULSE, b"5"),
    publish(PULSE, b"6", qos=1, packet_id=9),
    publish(PULSE, b"7", qos=1, packet_id=9, dup=True),
    publish(f"cmnd/{TOPIC}/power", b"toggle", qos=1, packet_id=10, retain=True),
    publish(f"cmnd/{TOPIC}/nothing", b"\xc3\xbc" * 40),
    publish("a/ü/\U0001f600", b"", qos=1, packet_id=65_535),
    publish("x" * 300, b"y" * 200, qos=1, packet_id=3),
    publish(PULSE, b"9", qos=1, packet_id=0),
    publish(PULSE, b"9", qos=2, packet_id=1),
    b"\x40\x02\x00\x09",
    b"\x90\x03\x00\x01\x01",
    b"\x90\x03\x00\x02\x80",
    b"\xb0\x02\x00\x03",
    b"\xd0\x00",
    *(2 * b"\xd0\x00" + publish(PULSE, b"8", 1, 9, dup) for dup in (False, True)),
    publish(PULSE, b"4", 1, 8) + 2 * b"\xd0\x00" + publish(PULSE, b"4", 1, 8, dup=True),
]
_BUFFER = 128  # bytes
_CLOSES_S = 10


class _Session:
    """Stands in for the session and for the handler of messages; notes their calls."""

    def __init__(self):
        self.events = []

    async def receive(self, topic, body, retained):
        payload = b""
        while part := bytes(await body.read_some()):
            payload += part
        self.events.append(("message", topic, payload, retained))

    async def acknowledge(self, packet_id):
        self.events.append(("acknowledge", packet_id))

    def on_pingresp(self):
        self.events.append(("pingresp",))

    def on_puback(self, packet_id):
        self.events.append(("puback", packet_id))

    def on_suback(self, packet_id, code):
        self.events.append(("suback", packet_id, code))


class _Stream:
    """Delivers `data` in pieces of random sizes."""

    def __init__(self, data, chance):
        self._data = data
        self._chance = chance

    async def recv_into(self, view, stall_ms):
        size = min(len(view), self._chance.choice((1, 2, 5, 40, 500)))
        piece, self._data = self._data[:size], self._data[size:]
        view[: len(piece)] = piece
        return len(piece)


def compare(data, chance):
    """Let the firmware's receiver and the reference read the same bytes."""
    session = _Session()
    reader = Reader(_Stream(data, chance), bytearray(_BUFFER), 0)
    try:
        onpc.run(Receiver(session).run(reader, session))
    except ProtocolError:
        end = "refused"
    except OSError:
        end = "cut"
    events, expected = parsed(data)
    assert session.events == events
    if expected == "cut":  # a packet may be refused before its end
        assert end in ("cut", "refused")
    else:
        assert end == ("cut" if expected == "whole" else "refused")


def series(mutator, inputs):
    """Return (whole inputs joined, one that is refused): the packets of one connection."""
    good, bad = b"", b""
    while inputs > 1 or not bad:
        data = mutator()
        end = parsed(data)[1]
        if end == "whole" and inputs > 1:
            good, inputs = good + data, inputs - 1
        elif end == "refused":
            bad = data
    return good, bad


class FuzzingBroker(ScriptedBroker):
    """Sends each connection its packets from `scripts`; then serves correctly.

    `closed` are (ids that the camera acknowledged, ids expected) of connections that it closed.
    """

    def __init__(self, scripts):
        super().__init__(self._run_series)
        self._scripts = scripts
        self._go = threading.Semaphore(0)
        self.ready, self.closed = [], []

    def start(self):
        """Let the camera's connection receive its series."""
        self._go.release()

    def _run_series(self, peer):
        peer.up()
        self.ready.append(peer.number)
        if peer.number >= len(self._scripts):
            peer.serve()
            return
        self._go.acquire()
        good, bad = self._scripts[peer.number]
        since = len(peer.packets)
        peer.send(good + bad)
        peer.sock.settimeout(_CLOSES_S)
        peer.serve()
        got = [
            struct.unpack("!H", body)[0]
            for kind, _, body in peer.packets[since:]
            if kind == PUBACK
        ]
        events, _ = parsed(good + bad)
        self.closed.append((got, [event[1] for event in events if event[0] == "acknowledge"]))


def through_sockets(camera, broker, row, scripts):
    """Send each series on a connection of its own; the camera must close it."""
    for number, (good, bad) in enumerate(scripts):
        wait_until(lambda n=number: n in broker.ready, what="a connection")
        with row.injection(f"connection {number}: {bad!r} after {good!r}"):
            since = len(camera.output)
            broker.start()
            wait_until(lambda n=number: len(broker.closed) > n, what="end of the connection")
            acknowledged, expected = broker.closed[number]
            assert acknowledged == expected
            camera.wait_output("the broker violates MQTT 3.1.1: ", since=since)
        camera.skip_reconnect_delay()
    wait_until(lambda: len(scripts) in broker.ready, what="a connection")
