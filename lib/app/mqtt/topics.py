"""Names of topics."""


class Topics:
    """Topics as bytes, because umqtt counts characters of text where MQTT counts bytes."""

    def __init__(self, settings, device_id):
        topic, group = settings["topic"], settings["grouptopic"]
        self.device_id = device_id
        self._topic = topic
        self.lwt = self.tele("LWT")
        self.image = "data/{}/image".format(topic).encode()
        self.own = "cmnd/{}/".format(topic).encode()
        self.group = "cmnd/{}/".format(group).encode()
        self.fallback = "cmnd/{}/".format(device_id).encode()
        self.filters = [self.own + settings["subtopic"].encode()]
        self.filters += [self.group + b"#", self.fallback + b"#"]

    def stat(self, name):
        """Return the topic of a reply."""
        return "stat/{}/{}".format(self._topic, name).encode()

    def tele(self, name):
        """Return a topic of telemetry."""
        return "tele/{}/{}".format(self._topic, name).encode()
