"""Faults that a soak test injects: each lasts until the end of its `with` block."""

import contextlib

from sim import TOPIC

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


ALL = (
    access_point_lost,
    broker_killed,
    broker_silent,
    slow_link,
    time_server_silent,
    power_cut,
    interpreter_killed,
    picture_size_changed,
    *map(camera_fault, ("raise", "none", "stall", "truncate", "no_soi", "absent")),
)
