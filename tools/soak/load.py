"""Load on the camera: viewers of all kinds, commands over MQTT, and a motion sensor."""

import contextlib
import threading
import time

from pictures import Viewer
from rtsp_client import RTSPClient
from sim import TOPIC

VIEWERS, COMMANDS_PER_S = 3, 20  # of the stream; a fourth one uses RTSP
SENSOR = 13  # pin of the motion sensor
_RETRY_S = 0.5
_MOVES_S, _RESTS_S = 0.5, 4
_LIVE, _RENEW_S = "30,2", 10  # seconds and pictures per second of the live view


class Load:
    """All that the camera does while the `with` block runs; counts what the viewers get."""

    def __init__(self, camera, client):
        self._camera = camera
        self._client = client
        self._stop = threading.Event()
        self._threads = []
        self.parts = self.recorded = self.sent = 0

    def __enter__(self):
        work = [self._view] * VIEWERS + [self._record, self._watch, self._move, self._command]
        self._threads = [threading.Thread(target=target, daemon=True) for target in work]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _view(self):
        while not self._stop.is_set():
            with contextlib.suppress(OSError, ValueError, KeyError, AssertionError):
                with Viewer(self._camera.facts["http"]) as viewer:
                    viewer.sock.settimeout(5)
                    viewer.head()
                    while not self._stop.is_set():
                        viewer.part()
                        self.parts += 1
            self._stop.wait(_RETRY_S)

    def _record(self):
        while not self._stop.is_set():
            with contextlib.suppress(OSError, EOFError, ValueError, KeyError, AssertionError):
                with RTSPClient(self._camera.facts["rtsp"]) as recorder:
                    recorder.play()
                    while not self._stop.is_set():
                        recorder.picture()
                        self.recorded += 1
            self._stop.wait(_RETRY_S)

    def _watch(self):
        """Keep the live view over MQTT running."""
        while not self._stop.is_set():
            self._client.send(f"cmnd/{TOPIC}/live", _LIVE)
            self._stop.wait(_RENEW_S)
        self._client.send(f"cmnd/{TOPIC}/live", "0")

    def _move(self):
        """Let the motion sensor see somebody now and then."""
        while not self._stop.is_set():
            for level, lasts_s in ((1, _MOVES_S), (0, _RESTS_S)):
                with contextlib.suppress(OSError, AssertionError):
                    self._camera.control("drive", pin=SENSOR, level=level)
                self._stop.wait(lasts_s)

    def _command(self):
        next_at = time.monotonic()
        while not self._stop.is_set():
            self._client.send(f"cmnd/{TOPIC}/pulse", str(self.sent % 100))
            self.sent += 1
            next_at += 1 / COMMANDS_PER_S
            self._stop.wait(max(0, next_at - time.monotonic()))
