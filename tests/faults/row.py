"""Counts of one row: the faults that its test has injected, and those survived."""

import contextlib
import random

_MOST_FAILURES = 3  # a later one ends the test


class Row:
    """Counts of one row.

    name: the row's id. full: inject as often as the row promises; otherwise a few times, as
    `make test` does. seed: of `chance`, the row's random numbers.
    """

    def __init__(self, name, full, seed):
        self.name = name
        self.full = full
        self.chance = random.Random(f"{name} {seed}")
        self.injected = self.survived = 0
        self.failures = []
        self._figures = {}

    def times(self, full, quick):
        """Return how often to inject the fault."""
        return full if self.full else quick

    @contextlib.contextmanager
    def injection(self, what=""):
        """Count the fault that the block injects; it is survived if nothing is raised.

        The third failure ends the test; the others let it continue.
        """
        self.injected += 1
        try:
            yield
        except Exception as error:
            self.failures.append(f"{what or 'injection ' + str(self.injected)}: {error!r}")
            if len(self.failures) == _MOST_FAILURES:
                raise
        else:
            self.survived += 1

    def count(self, injected, survived=None):
        """Add faults that were injected in bulk; `survived` defaults to all of them."""
        self.injected += injected
        self.survived += injected if survived is None else survived

    def figure(self, what, value, unit=""):
        """Note a measured value; of several with the same name the largest counts."""
        if what not in self._figures or value > self._figures[what][0]:
            self._figures[what] = (value, unit)

    def figures(self):
        """Return the figures as text."""
        shown = []
        for what, (value, unit) in self._figures.items():
            number = (
                f"{value:,.2f}".rstrip("0").rstrip(".")
                if isinstance(value, float)
                else f"{value:,}"
            )
            shown.append(f"{what} {number} {unit}".strip())
        return "; ".join(shown)

    def check(self):
        """Raise AssertionError unless something was injected and all of it was survived."""
        assert self.injected, f"{self.name} injected nothing"
        assert self.survived == self.injected, "\n".join(
            [f"{self.name}: {self.survived} of {self.injected} survived", *self.failures]
        )
