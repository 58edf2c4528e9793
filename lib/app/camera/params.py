"""The `camera` command: parameters read, set all or none, kept in NVS when asked."""

import json

from aio.late import borrow
from proto.values import BadArgument

NAMESPACE = "cam_param"


def load(nvs, log):
    """{name: value} of all parameters: stored ones, and the first start's for the rest."""
    values = {}
    for name, low, high, initial in borrow("proto.params").params():
        value = nvs.get_int(name, initial)
        if not low <= value <= high:
            log.error("camera", "stored {} was unusable: default".format(name))
            value = initial
        values[name] = value
    return values


class Params:
    """Owns the `camera` command; `changed()` is called after parameters have changed."""

    def __init__(self, camera, nvs, changed):
        self._camera = camera
        self._nvs = nvs
        self._changed = changed

    def cmd_camera(self, argument):
        """The JSON of all values, or: the last value set."""
        if not argument:
            return json.dumps(self._camera.values())
        wanted, changes, save = _parsed(argument)
        if changes:
            try:
                self._camera.set(changes)
            except OSError as e:
                raise BadArgument(str(e)) from None
            self._changed()
        if save:
            self._save()
        return str(wanted[-1][1])

    def _save(self):
        """Only what differs from what is stored costs a write."""
        table = borrow("proto.params")
        try:
            for name, _, _, initial in table.params():
                value = self._camera.params[name]
                if self._nvs.get_int(name, initial) != value:
                    self._nvs.set_int(name, value)
            self._nvs.commit()
        except OSError as e:
            raise BadArgument("{}: not stored: {}".format(table.SAVE, e)) from None

    def erase(self):
        """Forget what was stored."""
        for row in borrow("proto.params").params():
            self._nvs.erase(row[0])
        self._nvs.commit()


def _parsed(text):
    """(all that is wanted, what of it the camera is to change, whether to keep it)."""
    table = borrow("proto.params")
    wanted = table.parse(text)
    return wanted, [pair for pair in wanted if pair[0] != table.SAVE], (table.SAVE, 1) in wanted
