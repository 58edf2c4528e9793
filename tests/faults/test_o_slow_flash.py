"""Updates: flash that erases slowly, while the camera serves and keeps its connection."""

import threading
import time

import httpx
import pytest
from images import KB, image
from scenarios import at_once
from scripted import PINGREQ, ScriptedBroker, publish, subscribed
from sim import TOPIC, Simulator, starved_s, wait_until
from updatecamera import StatusPoller

KEEPALIVE_S = 10
SETTINGS = {"pubinterval": 0, "teleperiod": 0, "mqttkeepalive": KEEPALIVE_S}
SLOWEST_S = 2
PAUSE_MS = 1_000
BLOCK = 4 * KB
CASES = (
    (40, 640 * KB),
    (400, 128 * KB),
)  # erase in ms, size of the image: longer than KEEPALIVE_S


class Watch:
    """Measures an update: gaps between packets at the broker, pages, pauses of the loop.

    To be made once the camera is connected; `end` is due when the image is installed, before the
    restart.
    """

    def __init__(self, camera, erase_ms):
        self._camera = camera
        self._times = []
        self._ended = threading.Event()
        camera.control("flash", erase_ms=erase_ms)
        camera.control("pause")
        self._starved_s = starved_s(camera.pid)
        self._started = time.monotonic()
        self._poller = StatusPoller(camera, self._ended.is_set)
        self.pause_ms = self.waited_ms = None

    def packet(self, packet=None):
        """Note a packet that the broker has received."""
        self._times.append(time.monotonic())
        return True

    def end(self):
        self.waited_ms = 1_000 * (starved_s(self._camera.pid) - self._starved_s)  # for a core
        self.pause_ms = self._camera.control("pause")["ms"]
        self._ended.set()

    def result(self):
        """Return the longest: (s between two packets, ms between two turns, s of a page)."""
        ended = time.monotonic()
        self._poller.join()
        assert not self._poller.lost and "task_wdt" not in self._camera.output
        assert self.pause_ms - self.waited_ms <= PAUSE_MS
        times = [self._started, *self._times, ended]
        gap_s = max(b - a for a, b in zip(times, times[1:], strict=False))
        return gap_s, self.pause_ms, self._poller.slowest


def by_upload(folder, erase_ms, size):
    def script(peer):
        peer.up()
        up.set()
        while peer.serve(lambda packet: watches and watches[0].packet()):
            pass

    watches, up, data = [], threading.Event(), image("v9.7.0", size=size)
    with (
        ScriptedBroker(script) as broker,
        Simulator(folder, broker.uri, SETTINGS, fast=False) as camera,
    ):
        assert up.wait(20)
        watches.append(Watch(camera, erase_ms))

        def body():
            yield data[:-BLOCK]
            watches[0].end()
            yield data[-BLOCK:]

        how = {"headers": {"Content-Length": str(size)}, "timeout": 90, "trust_env": False}
        started = time.monotonic()
        response = httpx.post(camera.url + "/update", content=body(), **how)
        assert response.status_code == 200, response.text
        assert time.monotonic() - started > size / BLOCK * erase_ms / 1_000
        assert len(broker.peers) == 1
        return watches[0].result()


def by_push(folder, erase_ms, size):
    """Push while the response to a ping waits behind the image."""

    def script(peer):
        peer.up()
        if peer.number:
            return peer.serve()
        peer.send(publish(f"cmnd/{TOPIC}/mqttotastart", b"1"))
        packet = publish(subscribed(peer), image("v9.8.0", size=size))
        ready.wait(20)
        sending = threading.Thread(target=peer.send, args=(packet,))
        sending.start()
        while got := peer.packet():
            watches[0].packet()
            if got[0] == PINGREQ:
                sending.join()
                peer.send(b"\xd0\x00")
            if b'"state": "installed"' in got[2]:
                installed.set()
        return None

    watches, ready, installed = [], threading.Event(), threading.Event()
    with (
        ScriptedBroker(script) as broker,
        Simulator(folder, broker.uri, SETTINGS, fast=False) as camera,
    ):
        wait_until(lambda: camera.command("mqttotastart") == "on", 20, "the update")
        started = time.monotonic()
        watches.append(Watch(camera, erase_ms))
        ready.set()
        assert installed.wait(90), camera.output[-1_000:]
        watches[0].end()
        assert time.monotonic() - started > size / BLOCK * erase_ms / 1_000
        assert len(broker.peers) == 1
        return watches[0].result()


@pytest.mark.slow
def test_o17_flash_that_erases_slowly(row, tmp_path):
    """No reset by the watchdog, no lost connection, and pages meanwhile."""
    calls, names = [], []
    for update in (by_upload, by_push):
        for erase_ms, size in CASES:
            names.append(f"{update.__name__}, {erase_ms} ms")
            folder = tmp_path / f"{update.__name__} {erase_ms}"
            folder.mkdir()
            calls.append(lambda each=(update, folder, erase_ms, size): each[0](*each[1:]))
    for name, (gap_s, pause_ms, slowest_s) in zip(names, at_once(*calls), strict=True):
        with row.injection(name):
            row.figure("longest silence", round(gap_s, 1), "s")
            row.figure("longest pause", pause_ms, "ms")
            row.figure("slowest page", round(1_000 * slowest_s), "ms")
            assert gap_s < KEEPALIVE_S and slowest_s < SLOWEST_S
