"""Names of topics."""

NONE = "-"  # as `grouptopic`: no topic for groups


class Topics:
    """Topics as bytes, because umqtt counts characters of text where MQTT counts bytes."""

    def __init__(self, settings, device_id):
        topic, group = settings["topic"], settings["grouptopic"]
        self._settings = settings
        self.device_id = device_id
        self._topic = topic
        self.lwt = self.tele("LWT")
        self.image = "data/{}/image".format(topic).encode()
        self.own = "cmnd/{}/".format(topic).encode()
        self.group = b"" if group == NONE else "cmnd/{}/".format(group).encode()
        self.fallback = "cmnd/{}/".format(device_id).encode()

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

    def cmnd(self, name):
        """Return the topic of a command, as text."""
        return "cmnd/{}/{}".format(self._topic, name)

    def stat(self, name):
        """Return the topic of a reply."""
        return "stat/{}/{}".format(self._topic, name).encode()

    def tele(self, name):
        """Return a topic of telemetry."""
        return "tele/{}/{}".format(self._topic, name).encode()
