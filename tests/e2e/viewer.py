"""Somebody who looks at the stream, and reads all that comes."""

import contextlib
import threading

import httpx


class Viewer(threading.Thread):
    """Has got a picture once the block is entered; goes when it is left, or by `close`."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self._url = url + "/mjpg"
        self._sees, self._gone = threading.Event(), threading.Event()

    def run(self):
        with (
            contextlib.suppress(httpx.HTTPError),
            httpx.stream("GET", self._url, timeout=10) as stream,
        ):
            for _ in stream.iter_raw():
                self._sees.set()
                if self._gone.is_set():
                    return

    def close(self):
        self._gone.set()
        self.join(10)

    def __enter__(self):
        self.start()
        assert self._sees.wait(10), "nothing to be seen"
        return self

    def __exit__(self, *_):
        self.close()
