"""Time from SNTP, local time and invalid responses of a time server."""

import re
import time

import pytest
from mosquitto import Mosquitto
from sim import Simulator, wait_until

UNKNOWN = re.compile("2000$|1999$")  # the chip's clock starts in 2000 UTC, 1999 west of it
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


def local_time_s(camera):
    """Return the local time from `time` in seconds since 1970."""
    return time.mktime(time.strptime(camera.command("time"))) - time.timezone


def offset_h(camera):
    """Return the offset of local time from UTC in hours, rounded to a minute."""
    return round((local_time_s(camera) - time.time()) / 60) / 60


@pytest.fixture
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC0")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_time_from_sntp(camera, utc):
    camera.command("timezone UTC0")
    assert abs(local_time_s(camera) - time.time()) < 2


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("UTC0", 0),
        ("<+0530>-5:30", 5.5),
        ("NZST-12", 12),
        ("<-03>3", -3),
        ("XXX0YYY-1,0/0,J365/25", 1),  # daylight saving time all year
        ("EST5EDT4,J1/0,J365/25", -4),
    ],
)
def test_timezone_applies_at_once(camera, utc, zone, hours):
    assert camera.command("timezone " + zone) == zone
    assert offset_h(camera) == hours


def test_invalid_timezone_is_refused(camera, utc):
    camera.command("timezone UTC0")
    assert "POSIX TZ" in camera.command("timezone Europe/Berlin")
    assert offset_h(camera) == 0


def test_clock_set_by_hand(camera, utc):
    """A clock set by hand stays in force until the next SNTP response."""
    camera.command("timezone UTC0")
    camera.control("clock", epoch=2_000_000_000)
    assert abs(local_time_s(camera) - 2_000_000_000) < 3


def cold_start(camera, response):
    """Cut the power with this response of the time server; return the length of the output."""
    camera.control("sntp", answer=response)
    since = len(camera.output)
    camera.power_cut()
    return since


@pytest.mark.parametrize(
    ("response", "why"),
    [
        ("stratum0", "no time"),
        ("short", "no answer in time"),  # too short to identify the request
        ("epoch:1000000000", "implausible"),  # 2001
        ("epoch:1700000000", "implausible"),  # a year before this firmware
        ("epoch:2208988800", "implausible"),  # 2040
    ],
)
def test_invalid_response_is_retried(camera, response, why):
    since = cold_start(camera, response)
    camera.wait_output("clock: !", since=since)
    message = camera.output[since:].partition("clock: !")[2].splitlines()[0]
    assert why in message
    assert UNKNOWN.search(camera.command("time"))
    camera.control("sntp", answer="ok")
    camera.wait_output("mqtt: connected", since=since)
    assert not UNKNOWN.search(camera.command("time"))


def test_certificates_wait_for_the_time(camera, broker):
    """Without the time there is no TLS connection to the broker, and `status` shows the reason."""
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


def test_clock_survives_a_reset(camera):
    """The chip's clock keeps running over a reset, so TLS does not wait for the time server."""
    camera.control("sntp", answer="silent")
    boots = camera.facts["boots"]
    camera.control("reset")
    camera.wait_boot(boots + 1)
    camera.wait_status("mqtt connected, tls ca")
    assert not UNKNOWN.search(camera.command("time"))
    camera.control("sntp", answer="ok")


def test_countdowns_ignore_clock_changes(camera, broker):
    """A pulse keeps its duration when the clock moves an hour ahead and ten years back."""
    assert camera.command("pulse 10") == "10"
    started = time.monotonic()
    camera.command("power on")
    for epoch in (time.time() + 3_600, time.time() - 315_000_000):
        camera.control("clock", epoch=epoch)
        assert camera.control("pins")["pins"]["4"] == 1
    wait_until(lambda: not camera.control("pins")["pins"]["4"], 5)
    assert 0.9 < time.monotonic() - started < 5
