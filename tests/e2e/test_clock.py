"""Time from the network, local time, and what is done with a time server that lies."""

import re
import time

import pytest
from mosquitto import Mosquitto
from sim import Simulator, wait_until

UNKNOWN = re.compile("2000$|1999$")  # the chip begins with 2000, west of London earlier
NO_TIME = "certificates need the time"


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


def reading(camera):
    """What `time` says, as seconds since 1970 of a clock in its own zone."""
    return time.mktime(time.strptime(camera.command("time"))) - time.timezone


def offset_h(camera):
    """How far local time is from UTC, to a minute."""
    return round((reading(camera) - time.time()) / 60) / 60


@pytest.fixture
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC0")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_time_of_the_network(camera, utc):
    camera.command("timezone UTC0")
    assert abs(reading(camera) - time.time()) < 2


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("UTC0", 0),
        ("<+0530>-5:30", 5.5),
        ("NZST-12", 12),
        ("<-03>3", -3),
        ("XXX0YYY-1,0/0,J365/25", 1),  # summer all year
        ("EST5EDT4,J1/0,J365/25", -4),
    ],
)
def test_zone_counts_at_once(camera, utc, zone, hours):
    assert camera.command("timezone " + zone) == zone
    assert offset_h(camera) == hours


def test_bad_zone_changes_nothing(camera, utc):
    camera.command("timezone UTC0")
    assert "POSIX TZ" in camera.command("timezone Europe/Berlin")
    assert offset_h(camera) == 0


def test_clock_of_the_board(camera, utc):
    """Moved by hand, it is believed until the next answer; a restart keeps it."""
    camera.command("timezone UTC0")
    camera.control("clock", epoch=2_000_000_000)
    assert abs(reading(camera) - 2_000_000_000) < 3


def cold_start(camera, answer):
    """Take the power away while the time server answers so; returns where the output stands."""
    camera.control("sntp", answer=answer)
    since = len(camera.output)
    camera.power_cut()
    return since


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("stratum0", "no time"),
        ("short", "no answer in time"),  # too short to tell whose question it answers
        ("epoch:1000000000", "implausible"),  # 2001
        ("epoch:1700000000", "implausible"),  # a year before this firmware
        ("epoch:2208988800", "implausible"),  # 2040
    ],
)
def test_answer_is_refused_and_asked_for_again(camera, answer, why):
    since = cold_start(camera, answer)
    camera.wait_output("clock: !", since=since)
    complaint = camera.output[since:].partition("clock: !")[2].splitlines()[0]
    assert why in complaint
    assert UNKNOWN.search(camera.command("time"))
    camera.control("sntp", answer="ok")
    camera.wait_output("mqtt: connected", since=since)
    assert not UNKNOWN.search(camera.command("time"))


def test_certificates_wait_for_the_time(camera, broker):
    """No time, no TLS: nothing goes to the broker, status says why, then all is well."""
    connections = broker.log.count("New connection")
    since = cold_start(camera, "silent")
    assert NO_TIME in camera.wait_status("wifi joined")
    camera.wait_output("clock: !", since=since)
    assert NO_TIME in camera.status()
    assert broker.log.count("New connection") == connections
    assert camera.get("/").status_code == 200
    camera.control("sntp", answer="ok")
    camera.wait_status("mqtt connected, tls ca")
    assert broker.log.count("New connection") == connections + 1


def test_a_set_clock_outlives_a_silent_server(camera):
    """The chip's clock goes on over a reset, so nobody has to wait."""
    camera.control("sntp", answer="silent")
    boots = camera.facts["boots"]
    camera.control("reset")
    camera.wait_boot(boots + 1)
    camera.wait_status("mqtt connected, tls ca")
    assert not UNKNOWN.search(camera.command("time"))
    camera.control("sntp", answer="ok")


def test_countdowns_do_not_follow_the_clock(camera, broker):
    """An hour ahead, ten years back: a pulse stays a pulse."""
    assert camera.command("pulse 10") == "10"
    started = time.monotonic()
    camera.command("power on")
    for epoch in (time.time() + 3_600, time.time() - 315_000_000):
        camera.control("clock", epoch=epoch)
        assert camera.control("pins")["pins"]["4"] == 1
    wait_until(lambda: not camera.control("pins")["pins"]["4"], 5)
    assert 0.9 < time.monotonic() - started < 5
