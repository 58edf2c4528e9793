"""What happens in front of the simulated camera: movers, a cloud, night with the lamp, and rain.

The control request `scene` sets it, and without arguments ends it. At first, nothing happens.
`draw_happenings` draws it, in the process that draws the scene.
"""

import time

from errors import UsageError
from pins import POWER

_MOVER = {"size": 0.25, "speed": 0.1, "brightness": 40, "top": 0.55, "start": None}
_CLOUD = {"darkness": 0.4, "seconds": 10}
_LIMITS = {
    "size": (0.01, 1), "speed": (-2, 2), "brightness": (0, 255), "top": (0, 1), "start": (-2, 2),
    "darkness": (0, 0.95), "seconds": (0.1, 3_600), "night": (0, 0.95), "rain": (0, 1),
}  # fmt: skip


class Happenings:
    """Adds what happens to each request for a picture."""

    def __init__(self, render, pins):
        self._render = render
        self._pins = pins
        self._now = None

    def controls(self):
        return {"scene": self.set}

    def set(self, movers=(), cloud=None, night=0, rain=0):
        """Let this happen from now on, and nothing else."""
        movers = [_checked("movers", each, _MOVER) for each in movers]
        cloud = None if cloud is None else _checked("cloud", cloud, _CLOUD)
        _checked("scene", {"night": night, "rain": rain}, {"night": 0, "rain": 0})
        self._now = None
        if movers or cloud or night or rain:
            since = time.time()
            self._now = dict(since=since, movers=movers, cloud=cloud, night=night, rain=rain)

    async def render(self, **request):
        """Return the data of a picture, like `scene_process.SceneProcess.render`."""
        if self._now:
            request["happenings"] = {**self._now, "lamp": self._pins.level(POWER)}
        return await self._render(**request)


def _checked(name, given, defaults):
    if not isinstance(given, dict) or set(given) - set(defaults):
        raise UsageError(f"{name} must have only {', '.join(defaults)}")
    for key, value in given.items():
        low, high = _LIMITS[key]
        if not isinstance(value, (int, float)) or not low <= value <= high:
            raise UsageError(f"{key} must be {low}..{high}")
    return {**defaults, **given}
