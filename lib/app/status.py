"""How the camera is, in the words of `status`, `config` and `log`, and in telemetry's figures."""

from aio.late import borrow
from proto.values import BadArgument


class Status:
    """Knows the other components; what is said of them is borrowed (app.statustext).

    `asked()` is called for every `status`: the telemetry goes out too.
    """

    def __init__(
        self, settings, topics, power, wifi, link, session, camera, frames, supervisor, log, chip
    ):
        self.settings = settings
        self.topics = topics
        self.power = power
        self.wifi = wifi
        self.link = link
        self.session = session
        self.camera = camera
        self.frames = frames
        self.supervisor = supervisor
        self.log = log
        self.chip = chip
        self.asked = None

    def cmd_status(self, argument):
        """0 (or nothing) what it does, 1 the network's names, 2 the firmware, 3 its health."""
        if argument not in ("", "0", "1", "2", "3"):
            raise BadArgument("1 | 2 | 3, or nothing")
        if self.asked:
            self.asked()
        fields = getattr(borrow("app.statustext"), "status_" + (argument or "0"))(self)
        return ", ".join(str(field) for field in fields)

    def cmd_config(self, argument):
        rows = self.settings.all()
        return "\n".join("{} = {}".format(row[0], text) for row, text in rows)

    def cmd_log(self, argument):
        return "\n".join(self.log.lines())

    def figures(self):
        """The components' figures for telemetry."""
        return borrow("app.statustext").figures(self)
