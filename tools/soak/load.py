"""Load on the camera: viewers, and commands over MQTT."""

import contextlib
import threading
import time

from pictures import Viewer
from sim import TOPIC

VIEWERS, COMMANDS_PER_S = 4, 20
_RETRY_S = 0.5


class Load:
    """Four viewers and 20 commands a second while its `with` block runs; counts what they get."""

    def __init__(self, camera, client):
        self._camera = camera
        self._client = client
        self._stop = threading.Event()
        self._threads = []
        self.parts = self.sent = 0

    def __enter__(self):
        work = [self._view] * VIEWERS + [self._command]
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

    def _command(self):
        next_at = time.monotonic()
        while not self._stop.is_set():
            self._client.send(f"cmnd/{TOPIC}/pulse", str(self.sent % 100))
            self.sent += 1
            next_at += 1 / COMMANDS_PER_S
            self._stop.wait(max(0, next_at - time.monotonic()))
