"""Time from SNTP, local time and invalid responses of a time server."""

import re
import time

import httpx
import pytest
from mosquitto import Mosquitto
from sim import Simulator

UNKNOWN = re.compile("2000$|1999$")  # the chip's clock starts in 2000 UTC, 1999 west of it


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


def test_clock_survives_a_reset(camera):
    """The chip's clock keeps running over a reset, so TLS does not wait for the time server."""
    camera.control("sntp", answer="silent")
    boots = camera.facts["boots"]
    camera.control("reset")
    camera.wait_boot(boots + 1)
    camera.wait_status("mqtt connected, tls ca")
    assert not UNKNOWN.search(camera.command("time"))
    camera.control("sntp", answer="ok")


def test_the_clock_of_a_browser_where_no_time_server_answers(camera):
    """The broker's certificate is checked against it."""

    def give(seconds):
        headers = {"X-Requested-With": "page"}
        body = {"time": seconds}
        return httpx.post(camera.url + "/api/time", json=body, headers=headers, trust_env=False)

    camera.control("sntp", answer="silent")
    camera.power_cut()
    assert UNKNOWN.search(camera.command("time"))
    assert not camera.get("/api/status").json()["time_set"]
    assert give(1_000).status_code == 400
    assert give("now").status_code == 400
    assert give(int(time.time())).json() == {"accepted": True}
    camera.wait_status("mqtt connected")
    assert abs(local_time_s(camera) - time.time()) < 86_400
    assert give(int(time.time()) + 9_999).json() == {"accepted": False}
    camera.control("sntp", answer="ok")
