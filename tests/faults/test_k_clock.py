"""Clock: no time server, one that lies, a clock that jumps, ticks that wrap, time zones."""

import re
import statistics
import sys
import time

import pytest
from inside import Inside
from listener import Listener
from mosquitto import Mosquitto
from sim import ROOT, TOPIC, Simulator, wait_until
from zones import rules

sys.path.append(str(ROOT / "tests" / "props"))
import zonerules  # noqa: E402 - needs the path set above

IMAGE = f"data/{TOPIC}/image"
UNKNOWN = re.compile("2000$|1999$")  # the chip's clock starts in 2000 UTC, 1999 west of it
NO_TIME = "certificates need the time"
LIGHT = "4"
STALL_S = 30
LIES = {  # response of the time server -> the reason in the log
    "stratum0": "no time",
    "epoch:2208988800": "implausible",  # 2040
    "epoch:0": "implausible",  # 1970
    "epoch:1000000000": "implausible",  # 2001
    "epoch:1700000000": "implausible",  # a year before this firmware
    "epoch:2085978496": "without a time",  # 0, as NTP's seconds begin again in 2036
    "short": "no answer in time",  # too short to identify the request
    "origin": "no answer in time",  # response to another request
    "port": "no answer in time",
}
AFTER_ROLLOVER = 2_085_978_500  # four seconds after NTP's seconds begin again


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("broker"), tls=True) as made:
        yield made


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    settings = {"pubinterval": "0", "mqttca": f"@{broker.ca_file}"}
    with Simulator(tmp_path_factory.mktemp("camera"), broker.tls_uri, settings) as made:
        made.wait_status("mqtt connected")
        yield made


def cold_start(camera, response):
    """Cut the power with this response of the time server; return the length of the output."""
    camera.control("sntp", answer=response)
    since = len(camera.output)
    camera.power_cut()
    return since


def test_k1_no_time_server(row, camera, broker):
    """Without the time, everything works but TLS, which waits; `status` shows the reason."""
    with row.injection("TLS"):
        connections = broker.log.count("New connection")
        since = cold_start(camera, "silent")
        assert NO_TIME in camera.wait_status("wifi joined")
        camera.wait_output("clock: !", since=since)
        assert NO_TIME in camera.status()
        assert camera.get("/capture").status_code == 200
        row.figure("unverified connections", broker.log.count("New connection") - connections)
        assert broker.log.count("New connection") == connections
    with row.injection("no TLS"):
        camera.command(f"mqtthost {broker.uri}")
        camera.wait_status("mqtt connected")
        assert UNKNOWN.search(camera.command("time"))
    with row.injection("TLS, then the time"):
        camera.command(f"mqtthost {broker.tls_uri}")
        camera.wait_status(NO_TIME)
        camera.control("sntp", answer="ok")
        camera.wait_status("mqtt connected, tls ca", 40)


def test_k2_time_server_that_lies(row, camera):
    """No such time is accepted, but the next valid one is; 2036 is not mistaken for 1900."""
    for response in list(LIES)[: row.times(len(LIES), 1)]:
        with row.injection(response):
            since = cold_start(camera, response)
            camera.wait_output("clock: !", since=since)
            message = camera.output[since:].partition("clock: !")[2].splitlines()[0]
            assert LIES[response] in message
            assert UNKNOWN.search(camera.command("time"))
            camera.control("sntp", answer="ok")
            camera.wait_output("mqtt: connected", since=since)
            assert not UNKNOWN.search(camera.command("time"))
    if row.full:
        cold_start(camera, f"epoch:{AFTER_ROLLOVER}")
        wait_until(lambda: camera.command("time").endswith(" 2036"), what="the time")
        cold_start(camera, "ok")
        camera.wait_status("mqtt connected")


# K3, K4


def intervals(client, count):
    """Return the next intervals of the pictures, in s."""
    since = len(client.on(IMAGE))
    wait_until(lambda: len(client.on(IMAGE)) > since + count, 10 * count, "pictures", 0.1)
    arrivals = [message.at for message in client.on(IMAGE)[since:]]
    return [b - a for a, b in zip(arrivals, arrivals[1:])]


def pulse_s(camera):
    """Return the duration of a pulse of 1 s, with what the PC adds."""
    camera.command("power on")
    started = time.monotonic()
    wait_until(lambda: not camera.control("pins")["pins"][LIGHT], 10)
    return time.monotonic() - started


@pytest.fixture
def publishing(broker, tmp_path):
    with Simulator(tmp_path, broker.uri, {"pubinterval": "1", "pulse": "10"}) as camera:
        with Listener(broker.port) as client:
            client.wait(IMAGE)
            yield camera, client


JUMPS_S = (3_600, -3_600, 315_000_000, -630_000_000)  # 10 years


def test_k3_clock_that_jumps(row, publishing):
    """Pictures and countdowns keep their intervals."""
    camera, client = publishing
    usual = statistics.median(intervals(client, 8)) if row.full else 0
    for jump in JUMPS_S[: row.times(len(JUMPS_S), 2)]:
        with row.injection(f"{jump} s"):
            camera.control("clock", epoch=time.time() + jump)
            if usual:
                compare(row, intervals(client, 8), usual)
            camera.control("clock", epoch=time.time() - jump)
            assert 0.5 < pulse_s(camera) < 5
    assert "restarts 0," in camera.status("3")


def compare(row, found, usual):
    """Fail unless the intervals are the usual ones, and none is a stall; a busy PC delays some."""
    change = abs(statistics.median(found) / usual - 1)
    row.figure("interval changed by", 100 * change, "%")
    row.figure("longest interval", max(found), "s")
    assert change < 0.1
    assert max(found) < STALL_S


WRAPPING = """
import asyncio  # first, because it has ticks of its own, which are MicroPython's
import time
_PERIOD, _ms = 1 << 30, time.ticks_ms
_shift = -(_ms() + 1_000 * {}) % _PERIOD
time.ticks_ms = lambda: (_ms() + _shift) % _PERIOD
time.ticks_add = lambda ticks, delta: (ticks + delta) % _PERIOD
time.ticks_diff = lambda a, b: (a - b + _PERIOD // 2) % _PERIOD - _PERIOD // 2
"""
WRAP_S = 12
UNTIL_WRAP = "(1 << 30) - __import__('time').ticks_ms()"
WRAPPED = "__import__('time').ticks_ms() < 1 << 29"


@pytest.mark.slow
def test_k4_ticks_that_wrap(row, broker, tmp_path):
    """Pictures, countdowns, button and uptime continue when the firmware's ticks wrap."""
    before, settings = WRAPPING.format(WRAP_S), {"pubinterval": "1", "pulse": "10"}
    with (
        Inside(tmp_path, broker.uri, settings, before=before) as camera,
        Listener(broker.port) as client,
    ):
        client.wait(IMAGE)
        with row.injection("pictures"):
            usual = statistics.median(intervals(client, 4))
            assert not camera.value(WRAPPED)
            over = intervals(client, WRAP_S)
            assert camera.value(WRAPPED)
            compare(row, over, usual)
    with Inside(tmp_path / "second", broker.uri, settings, before=before) as camera:
        with row.injection("pulse and button"):
            camera.wait_status("mqtt connected")
            wait_until(lambda: camera.value(UNTIL_WRAP) < 700, what="the wrap", every_s=0)
            assert 0.5 < pulse_s(camera) < 5
            assert camera.value(WRAPPED)
            camera.control("press")
            wait_until(lambda: camera.command("power") == "on", what="a press")
        with row.injection("reconnect"):
            since = len(camera.output)
            camera.command("mqttuser other")
            camera.wait_output("mqtt: connected", since=since)
            assert "restarts 0," in camera.status("3")
            assert WRAP_S <= int(re.search(r"uptime (\d+)", camera.status("3"))[1]) < 10 * WRAP_S


# K5


def test_k5_time_zones(row):
    """Every rule of the tz database gives zoneinfo's local time at every transition."""
    found = sorted(set(rules().values()))
    assert len(found) > 60  # 95 in 2026
    changing = 0
    for rule in row.chance.sample(found, row.times(len(found), 12)):
        changes, instants = zonerules.check(rule)
        changing += changes >= 75
        row.count(instants)
    row.figure("rules", row.times(len(found), 12))
    assert changing > row.times(20, 0)  # twice a year for 38 years
