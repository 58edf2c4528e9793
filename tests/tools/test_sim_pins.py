"""tools/sim/pins: the longest pause of the firmware's loop."""

from types import SimpleNamespace

import pins
from pins import BUTTON, Pins


def test_waits_for_a_core_are_no_pause(monkeypatch):
    clock = SimpleNamespace(monotonic=lambda: clock.now, now=100.0)
    monkeypatch.setattr(pins, "time", clock)
    made, waited = Pins(), []
    made.starved_s = lambda: sum(waited)
    for step_s, wait_s in ((0, 0), (0.01, 0), (0.25, 0), (0.9, 0.8)):
        clock.now += step_s
        waited.append(wait_s)
        made.read(BUTTON)
    assert made.longest_pause() == {"ms": 250}
    made.read(BUTTON)
    assert made.longest_pause() == {"ms": 0}
