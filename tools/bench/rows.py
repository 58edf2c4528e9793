"""Results: one row per figure, as a table for people and as JSON for programs."""

import json
from typing import NamedTuple


class Row(NamedTuple):
    """One figure. `at_least` is a limit for the ratio, `at_most` for the value."""

    name: str
    value: float
    unit: str
    ratio: float = None
    at_least: float = None
    at_most: float = None

    @property
    def limit(self):
        """Return the limit of the figure, or None."""
        return self.at_least if self.at_most is None else self.at_most

    @property
    def ok(self):
        """Return true if the figure is within its limit, or has none."""
        if self.at_least is not None:
            return self.ratio >= self.at_least
        return self.at_most is None or self.value <= self.at_most

    def as_json(self):
        """Return the row as an object for build/bench.json."""
        fields = {"name": self.name, "value": round(self.value, 3), "unit": self.unit}
        ratio = None if self.ratio is None else round(self.ratio, 3)
        return {**fields, "ratio": ratio, "limit": self.limit, "ok": self.ok}

    def as_text(self):
        """Return one line of the table."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        limit = ""
        if self.limit is not None:
            sign = ">=" if self.at_most is None else "<="
            limit = f"{sign} {self.limit:g}  {'ok' if self.ok else 'MISSED'}"
        return f"{self.name:<58}{_short(self.value):>9} {self.unit:<6}{ratio:>6}  {limit}".rstrip()


HEAD = f"{'':<58}{'value':>9} {'':<6}{'ratio':>6}  limit"


def _short(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def save(rows, path):
    """Write rows as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([row.as_json() for row in rows], indent=1) + "\n")
