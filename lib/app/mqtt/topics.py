"""Topics: `cmnd`, `stat`, `tele`, `data`."""


class Topics:
    """Topics as bytes, made once: umqtt counts characters, the broker counts bytes."""

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
        return "stat/{}/{}".format(self._topic, name).encode()

    def tele(self, name):
        return "tele/{}/{}".format(self._topic, name).encode()
