"""Names of topics."""

from proto.mqtttext import LAYOUT, topic_of

NONE = "-"  # as `grouptopic`: no topic for groups


class Topics:
    """Topics as bytes, because umqtt counts characters of text where MQTT counts bytes.

    layout: the levels of a topic before its name, such as `home/garden/%topic%/%prefix%`; the
    prefix is `cmnd`, `stat`, `tele`, `data` or `OTA`.
    """

    def __init__(self, settings, device_id, layout=LAYOUT):
        topic, group = settings["topic"], settings["grouptopic"]
        self._settings = settings
        self.device_id = device_id
        self._cmnd, self._stat, self._tele = (
            topic_of(layout, prefix, topic, "") for prefix in ("cmnd", "stat", "tele")
        )
        self.lwt = self.tele("LWT")
        self.image = topic_of(layout, "data", topic, "image").encode()
        self.kept = topic_of(layout, "data", topic, "kept").encode()
        self.kept_info = topic_of(layout, "data", topic, "kept/info").encode()
        self.meta = topic_of(layout, "data", topic, "meta").encode()
        self.live = topic_of(layout, "data", topic, "live").encode()
        self._motion = topic_of(layout, "data", topic, "motion/")
        self.own = self._cmnd.encode()
        self.group = b"" if group == NONE else topic_of(layout, "cmnd", group, "").encode()
        self.fallback = topic_of(layout, "cmnd", device_id, "").encode()
        self.update = topic_of(layout, "OTA", device_id, "data")

    def filters(self):
        """Return the topic filters of the subscriptions."""
        settings = self._settings
        found = [self.own + settings["subtopic"].encode(), self.fallback + b"#"]
        if self.group:
            found.insert(1, self.group + b"#")
        return found + [self.hub().encode()] if settings["hadiscovery"] else found

    def hub(self):
        """Return the topic on which Home Assistant reports that it is online."""
        return self._settings["haprefix"] + "/status"

    def discovery(self):
        """Return the topic of the discovery message for Home Assistant."""
        return "{}/device/{}/config".format(self._settings["haprefix"], self.device_id).encode()

    def motion(self, number):
        """Return the topic of a picture around motion."""
        return "{}{}".format(self._motion, number).encode()

    def is_picture(self, topic):
        """Return True for the topic of a picture."""
        is_motion = topic.startswith(self._motion.encode())
        return is_motion or topic in (self.image, self.kept, self.live)

    def cmnd(self, name):
        """Return the topic of a command, as text."""
        return self._cmnd + name

    def stat(self, name):
        """Return the topic of a reply."""
        return (self._stat + name).encode()

    def tele(self, name):
        """Return a topic of telemetry."""
        return (self._tele + name).encode()
