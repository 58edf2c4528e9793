"""The newest picture of a camera and what is known about it, for readers in other threads."""

import threading
import time
from collections import deque

_SPAN_S = 5  # over which the rate is measured


class Newest:
    """The newest picture replaces the one before; slow readers skip pictures.

    `problem` says why there is none, "" while all is well.
    """

    def __init__(self, clock=time.time):
        self._clock = clock
        self._changed = threading.Condition()
        self._times = deque()  # of the last pictures
        self._exposed = None  # time of exposure of the newest one, if the camera has reported it
        self._arrived = None
        self.jpeg = b""
        self.number = 0
        self.seconds_left = 0
        self.problem = ""
        self.ended = False

    def put(self, jpeg):
        """Add a picture."""
        with self._changed:
            self.jpeg = jpeg
            self.number += 1
            self.problem = ""
            self._arrived, self._exposed = self._clock(), None
            self._times.append(self._arrived)
            self._changed.notify_all()

    def fail(self, problem):
        """Forget the picture, because it is not live any more; say why."""
        with self._changed:
            self.problem = problem
            self.jpeg, self._arrived = b"", None
            self._times.clear()

    def describe(self, report):
        """Note the camera's report about the newest picture."""
        self._exposed = report["Timestamp"]
        self.seconds_left = report["SecondsLeft"]

    def end(self):
        """Let all readers stop."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def wait(self, number, limit_s):
        """Return (number, JPEG) of a picture after `number`; the same number after `limit_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_new(number) or self.ended, limit_s)
            return (self.number, self.jpeg) if self._is_new(number) else (number, b"")

    def _is_new(self, number):
        return bool(self.jpeg) and self.number > number

    def state(self):
        """Return what the page shows, as JSON values."""
        now = self._clock()
        with self._changed:
            while self._times and self._times[0] < now - _SPAN_S:
                self._times.popleft()
            times = tuple(self._times)
        fps = (len(times) - 1) / (times[-1] - times[0]) if len(times) > 2 else 0
        return {
            "number": self.number,
            "bytes": len(self.jpeg),
            "fps": round(fps, 1),
            "age_s": self._age_s(now),
            "seconds_left": self.seconds_left,
            "problem": self.problem,
        }

    def _age_s(self, now):
        """Return the time since the exposure, or since the arrival if the clocks differ."""
        if self._arrived is None:
            return None
        exposed = self._exposed
        is_known = exposed is not None and 0 <= self._arrived - exposed < 60
        return round(now - (exposed if is_known else self._arrived), 2)
