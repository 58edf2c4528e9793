"""Sums of the camera's counters over several starts, each of which begins at 0."""

import re

NAMES = ("captured", "failed", "recoveries")


class Counters:
    """Sums of the camera's counters; `wrapped` has the starts seen after their ticks wrapped.

    wrap_s: how long after each start the board's ticks wrap.
    """

    def __init__(self, wrap_s):
        self._wrap_s = wrap_s
        self._boots = self._last = None
        self.sums = dict.fromkeys(NAMES, 0)
        self.wrapped = set()

    def note(self, boots, status):
        """Add the counts since the last call. status: the reply to `status 3`."""
        counted = {name: int(re.search(rf"\b{name} (\d+)", status)[1]) for name in NAMES}
        before = self._last if boots == self._boots else dict.fromkeys(NAMES, 0)
        for name in NAMES:
            self.sums[name] += counted[name] - before[name]
        self._boots, self._last = boots, counted
        if int(re.search(r"\buptime (\d+)", status)[1]) > self._wrap_s:
            self.wrapped.add(boots)
