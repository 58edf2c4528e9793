"""Counts flash operations, and cuts the power at a chosen one."""

from errors import UsageError

_MODES = ("before", "torn", "after")


class Flash:
    """Knows which flash operation the power fails at; each writer asks before it writes."""

    def __init__(self):
        self.operations = 0
        self._cut_at = None
        self._mode = None
        self._cut_power = None

    def connect(self, cut_power):
        """Say how the power is cut: a function that ends the interpreter at once."""
        self._cut_power = cut_power

    def operation(self):
        """Count one operation; the mode of the power cut that falls on it, or None."""
        self.operations += 1
        return self._mode if self.operations == self._cut_at else None

    def cut_power(self):
        self._cut_at = None
        self._cut_power()

    def controls(self):
        return {"power_cut": self.plan, "flash": self.report}

    def plan(self, after_ops=0, mode="before"):
        """Cut the power now (0) or at the n-th operation from now."""
        if mode not in _MODES:
            raise UsageError("mode is one of " + ", ".join(_MODES))
        if after_ops:
            self._cut_at = self.operations + after_ops
            self._mode = mode
        else:
            self.cut_power()

    def report(self):
        return {"operations": self.operations}
