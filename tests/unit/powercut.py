"""NVS that loses power at the n-th operation, and the possible contents of flash after that."""

from fakes import NVS

MODES = ("before", "after", "uncommitted", "reordered")


class PowerCut(Exception):
    """Power failed; no later operation takes effect."""


class DyingNVS(NVS):
    """Loses power at operation `cut` (writes, erases and commits, counted from 0).

    Modes: `before`, without this operation; `after`, with it; `uncommitted`, only with committed
    operations; `reordered`, with these and the last one. `after_power_cut` returns the contents
    that the next start reads.
    """

    def __init__(self, stored, cut=1 << 30, mode="before"):
        super().__init__()
        self.stored = dict(stored)
        self._kept = dict(stored)
        self._cut = cut
        self._mode = mode
        self.operations = 0

    def after_power_cut(self):
        return self.stored if self._mode in ("before", "after") else self._kept

    def set_int(self, key, value):
        self._do(super().set_int, key, value)

    def set_blob(self, key, data):
        self._do(super().set_blob, key, data)

    def erase(self, key):
        self._do(super().erase, key)

    def commit(self):
        self._do(super().commit)
        self._kept = dict(self.stored)

    def _do(self, function, *args):
        last = self.operations == self._cut
        self.operations += 1
        if last and self._mode == "reordered":
            self.stored = self._kept
        if last and self._mode not in ("after", "reordered"):
            raise PowerCut
        function(*args)
        if last:
            raise PowerCut
