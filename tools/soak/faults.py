"""Faults that a soak test injects: each lasts until the end of its `with` block."""

import contextlib
import time

import httpx
from sim import TOPIC, wait_until

IMAGE = f"data/{TOPIC}/image"

_WIFI = {"ssid": "sim"}


@contextlib.contextmanager
def _control(camera, do, broken, whole):
    camera.control(do, **broken)
    try:
        yield
    finally:
        camera.control(do, **whole)


@contextlib.contextmanager
def broker_killed(camera, broker):
    broker.kill()
    try:
        yield
    finally:
        broker.start()


@contextlib.contextmanager
def broker_silent(camera, broker):
    broker.freeze()
    try:
        yield
    finally:
        broker.thaw()


def access_point_lost(camera, broker):
    return _control(camera, "wifi", {**_WIFI, "up": False}, {**_WIFI, "up": True})


def slow_link(camera, broker):
    return _control(camera, "net", {"rate_kbps": 160, "latency_ms": 300}, {})


def time_server_silent(camera, broker):
    return _control(camera, "sntp", {"answer": "silent"}, {"answer": "ok"})


def camera_fault(kind):
    def fault(camera, broker):
        return _control(camera, "camera", {"fault": kind}, {"fault": None})

    fault.__name__ = "camera: " + kind
    return fault


@contextlib.contextmanager
def power_cut(camera, broker):
    camera.control("power_cut")
    try:
        yield
    finally:
        camera.control("power_on")


@contextlib.contextmanager
def interpreter_killed(camera, broker):
    camera.kill_interpreter()
    yield


@contextlib.contextmanager
def picture_size_changed(camera, broker):
    camera.get(f"/?{TOPIC}")  # a page while the sensor restarts
    camera.type('camera {"framesize": "VGA"}\n')
    yield
    camera.type('camera {"framesize": "UXGA"}\n')


@contextlib.contextmanager
def privacy(camera, broker):
    camera.type("privacy on\n")
    yield
    camera.type("privacy off\n")


@contextlib.contextmanager
def motion_off(camera, broker):
    camera.type("motion off\n")
    yield
    camera.type("motion both\n")


RESETS = power_cut, interpreter_killed
ALL = (
    access_point_lost,
    broker_killed,
    broker_silent,
    slow_link,
    time_server_silent,
    *RESETS,
    picture_size_changed,
    privacy,
    motion_off,
    *map(camera_fault, ("raise", "none", "stall", "truncate", "no_soi", "absent")),
)


def recover(camera, client, limit_s):
    """Wait until a picture is published and /capture and a command work; return the seconds.

    limit_s: for all of it. Raises AssertionError.
    """
    start = time.monotonic()
    client.wait(IMAGE, limit_s=limit_s, since=len(client.messages))
    wait_until(lambda: _captures(camera), limit_s, "a picture at /capture", every_s=0.2)
    client.command("time", limit_s=limit_s)
    took_s = time.monotonic() - start
    assert took_s < limit_s, f"recovered after {took_s:.1f} s"
    return took_s


def _captures(camera):
    try:
        return camera.get("/capture").status_code == 200
    except httpx.HTTPError:
        return False
