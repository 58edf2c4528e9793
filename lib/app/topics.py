"""Names: the device's own, and its topics (`cmnd`, `stat`, `tele`, `data`)."""


def device_id(mac):
    """`DVES_` and the last three bytes of the MAC in upper-case hex."""
    return "DVES_" + _hex(mac)


def host_name(mac, topic):
    """The DHCP and mDNS name, at most 32 characters (what network.hostname takes)."""
    name = "".join(c if c.isalpha() or c.isdigit() else "-" for c in topic)
    return "ESP32-{}-{}".format(_hex(mac), name)[:32].rstrip("-")


def _hex(mac):
    return "".join("{:02X}".format(b) for b in mac[-3:])


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
