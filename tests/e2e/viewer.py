"""Stream viewer that reads all data in a thread."""

import contextlib
import threading

import httpx


class Viewer(threading.Thread):
    """Viewer of `/mjpg`; a context manager that waits for the first data on entry."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self._url = url + "/mjpg"
        self._receives, self._closing = threading.Event(), threading.Event()

    def run(self):
        with (
            contextlib.suppress(httpx.HTTPError),
            httpx.stream("GET", self._url, timeout=10, trust_env=False) as stream,
        ):
            for _ in stream.iter_raw():
                self._receives.set()
                if self._closing.is_set():
                    return

    def close(self):
        self._closing.set()
        self.join(10)

    def __enter__(self):
        self.start()
        assert self._receives.wait(10), "no data from the stream"
        return self

    def __exit__(self, *_):
        self.close()
