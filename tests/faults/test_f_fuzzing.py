"""Fuzzing of protocols: MQTT, HTTP, telnet and the UART."""

import consolefuzz
import httpfuzz
import mqttfuzz
import pytest
from consolefuzz import KEYS, LINES, OPTIONS, PACKETS
from invariants import invariants
from mutator import Mutator, each
from sim import Simulator, wait_until


def test_f1_mqtt_packets(tmp_path, row):
    """Packets of a broker are handled as by a reference parser written from the standard."""
    mutator = Mutator(row.chance, mqttfuzz.SEEDS)
    each(row, mutator, row.times(10_000, 300), lambda data: mqttfuzz.compare(data, row.chance))
    connections, inputs = row.times(100, 4), 100
    scripts = [mqttfuzz.series(mutator, inputs) for _ in range(connections)]
    row.figure("inputs through sockets", connections * inputs)
    row.figure("connections", connections)
    with (
        mqttfuzz.FuzzingBroker(scripts) as broker,
        Simulator(tmp_path, broker.uri, {"pubinterval": "0"}) as camera,
    ):
        camera.get("/api/status")
        wait_until(lambda: broker.ready, what="a connection")
        with invariants(camera, row, memory=_LOG_BYTES):
            mqttfuzz.through_sockets(camera, broker, row, scripts)


_LOG_BYTES = 8_192  # each refused packet is logged, until the log is full
NO_BROKER = "mqtt://127.0.0.1:1"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    settings = {"mqtthost": "", "pubinterval": "0", "loglevel": "error"}
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER, settings) as made:
        for path in ("/", "/setup", "/login", "/api/settings"):  # imports all that they need
            made.get(path)
        yield made


def test_f2_http_requests(camera, row):
    """An accepted head is parsed as by h11; the camera responds as its parser on CPython does."""
    mutator = Mutator(row.chance, httpfuzz.SEEDS, httpfuzz.TOKENS)
    each(row, mutator, row.times(10_000, 300), httpfuzz.compare)
    sent, port = row.times(3_000, 60), camera.facts["http"]
    row.figure("requests through sockets", sent)
    tasks = camera.control("tasks")["count"]
    for _ in range(row.times(700, 200)):  # pages and names take their memory
        httpfuzz.send(port, mutator())
    wait_until(lambda: camera.control("tasks")["count"] <= tasks, what="idle camera")
    with invariants(camera, row):
        each(row, mutator, sent, lambda data: httpfuzz.check(port, data))
        assert camera.command("pulse") == "0"


def test_f3_telnet_input(camera, row):
    """Options and keys are separated as the standard says; a command works after any input."""
    mutator = Mutator(row.chance, LINES + OPTIONS, LINES + OPTIONS + KEYS)
    each(row, mutator, row.times(10_000, 300), consolefuzz.compare_telnet)
    connections, batches, inputs = row.times(25, 1), 20, 20
    row.figure("inputs through sockets", connections * batches * inputs)
    with invariants(camera, row):
        for _ in range(connections):
            made = [consolefuzz.batch(mutator, inputs) for _ in range(batches)]
            consolefuzz.through_telnet(camera, row, made)


def test_f4_uart_input(camera, row):
    """Keys and packets are separated as Improv says; a command works after any input."""
    mutator = Mutator(row.chance, LINES + PACKETS, LINES + PACKETS + KEYS)
    each(row, mutator, row.times(10_000, 300), consolefuzz.compare_uart)
    batches, inputs = row.times(300, 5), 10
    row.figure("inputs through the UART", batches * inputs)
    with invariants(camera, row):
        made = [consolefuzz.uart_batch(mutator, inputs) for _ in range(batches)]
        consolefuzz.through_uart(camera, row, made)
