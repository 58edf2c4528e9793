"""The `camera` command: parameters are read, set all or none, and stored on request."""

import json

from proto.params import PARAMS, RANGES, SAVE, limits_of, parse
from proto.values import BadArgument

NAMESPACE = "cam_param"


def load(nvs, log):
    """Return {name: value} of all parameters: the stored value, or that of a first start.

    The sensor is not known yet: a value is in range if it is with one of them.
    """
    values = {}
    for name, _, _, initial in PARAMS:
        value = nvs.get_int(name, initial)
        ranges = [limits_of(name, sensor) for sensor in [""] + list(RANGES)]
        if not any(low <= value <= high for low, high in ranges):
            log.error("camera", "the stored {} is out of range; using {}".format(name, initial))
            value = initial
        values[name] = value
    return values


class Params:
    """The `camera` command; `changed()` is called after parameters have changed."""

    def __init__(self, camera, nvs, changed):
        self._camera = camera
        self._nvs = nvs
        self._changed = changed

    def cmd_camera(self, argument):
        """Set the parameters in the argument, if any; return all of them as JSON."""
        if argument:
            self._set(argument)
        return json.dumps(self._camera.values())

    def _set(self, argument):
        wanted = parse(argument, self._camera.chip)
        changes = [pair for pair in wanted if pair[0] != SAVE]
        if changes:
            try:
                self._camera.set(changes)
            except OSError as e:
                raise BadArgument(str(e)) from None
            self._changed()
        if (SAVE, 1) in wanted:
            self._save()

    def _save(self):
        """Write the values that differ from the stored ones, to spare the flash."""
        try:
            for name, _, _, initial in PARAMS:
                value = self._camera.params[name]
                if self._nvs.get_int(name, initial) != value:
                    self._nvs.set_int(name, value)
            self._nvs.commit()
        except OSError as e:
            raise BadArgument("{}: not stored: {}".format(SAVE, e)) from None

    def erase(self):
        """Forget the stored values."""
        for row in PARAMS:
            self._nvs.erase(row[0])
        self._nvs.commit()
