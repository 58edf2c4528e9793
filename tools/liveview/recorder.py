"""Records the live view in a thread of its own."""

import threading

from encoder import EncoderError

_WAIT_S = 0.5


class Recorder:
    """Writes each new picture to an Encoder until `newest` ends; a context manager.

    `error` is the EncoderError that has ended it, None while all is well.
    """

    def __init__(self, newest, encoder):
        self._newest = newest
        self._encoder = encoder
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.error = None

    @property
    def pictures(self):
        return self._encoder.written

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._newest.end()
        self._thread.join()

    def _run(self):
        number = self._newest.number
        try:
            with self._encoder:
                while not self._newest.ended:
                    before = number
                    number, jpeg = self._newest.wait(before, _WAIT_S)
                    if number > before:
                        self._encoder.write(jpeg)
        except EncoderError as error:
            self.error = error
