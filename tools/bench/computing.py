"""Time of a changed setting: of the CPU, over MQTT and over the HTTP API; until its reply."""

import statistics
import tempfile
import time

import httpx
from listener import Listener
from publishing import broker
from rows import Row
from sim import TOPIC, Simulator

COMMANDS, MOST_COMMAND_MS = 150, 1
REPLIES, MOST_REPLY_MS = 60, 30
REQUESTS, MOST_REQUEST_MS = 40, 3
_VIRTUAL = 1  # CPUCLOCK_VIRT on Linux: user time of a process


def cpu(quick):
    """Yield ms per setting over MQTT, and ms per POST to /api/settings."""
    with broker(set_tcp_nodelay="true") as mosquitto, tempfile.TemporaryDirectory() as folder:
        with Simulator(folder, mosquitto.uri, {"pubinterval": 0}) as board:
            board.wait_output("mqtt: connected")
            with Listener(mosquitto.port, f"stat/{TOPIC}/pubinterval") as client:
                value = _mean_ms(board, COMMANDS, lambda: _publish(client), quick)
            yield Row("CPU time of a setting over MQTT", value, "ms", at_most=MOST_COMMAND_MS)
            value = _mean_ms(board, REQUESTS, lambda: _post(board), quick)
            yield Row("CPU time of POST /api/settings", value, "ms", at_most=MOST_REQUEST_MS)


def reply(quick):
    """Yield the ms until the reply to a setting over MQTT, while flash and radio take their time.

    The settings are saved meanwhile, which blocks the board for the time of the flash.
    """
    with broker(set_tcp_nodelay="true") as mosquitto, tempfile.TemporaryDirectory() as folder:
        with Simulator(folder, mosquitto.uri, {"pubinterval": 0}, fast=False) as board:
            board.wait_output("mqtt: connected")
            with Listener(mosquitto.port, f"stat/{TOPIC}/pubinterval") as client:
                count = REPLIES // 3 if quick else REPLIES
                took = sorted(_reply_ms(client, 3_601 + n) for n in range(count))
    yield Row("reply to a setting over MQTT", statistics.median(took), "ms", at_most=MOST_REPLY_MS)
    yield Row("the same, 95th percentile", took[count * 95 // 100], "ms")


def _reply_ms(client, value):
    since, started = len(client.messages), time.monotonic()
    client.send(f"cmnd/{TOPIC}/pubinterval", str(value), qos=1)
    client.wait(f"stat/{TOPIC}/pubinterval", str(value).encode(), since=since)
    return 1_000 * (time.monotonic() - started)


def _mean_ms(board, count, work, quick):
    """Return the mean of some rounds, in ms per item: the clock may tick only every 10 ms."""
    rounds = 2 if quick else 8
    before = user_s(board.pid)
    for _ in range(rounds):
        work()
    return 1_000 * (user_s(board.pid) - before) / (rounds * count)


def user_s(pid):
    """Return the CPU time of a process in user mode, in seconds."""
    return time.clock_gettime(~pid << 3 | _VIRTUAL)


def _publish(client):
    since = len(client.messages)
    for n in range(COMMANDS):
        client.send(f"cmnd/{TOPIC}/pubinterval", str(3_601 + n), qos=1)
    client.wait(f"stat/{TOPIC}/pubinterval", str(3_600 + COMMANDS).encode(), since=since)


def _post(board):
    for n in range(REQUESTS):
        wanted = {"pubinterval": 3_601 + n, "pulse": 5, "teleperiod": 60}
        response = httpx.post(board.url + "/api/settings", json=wanted)
        response.raise_for_status()
