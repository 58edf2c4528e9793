"""The device's own names, from its MAC address (behaviour: section 2); borrow it."""


def device_id(mac):
    """`DVES_` and the last three bytes of the MAC in upper-case hex."""
    return "DVES_" + _hex(mac)


def host_name(mac, topic):
    """The DHCP and mDNS name, at most 32 characters (what network.hostname takes)."""
    name = "".join(c if c.isalpha() or c.isdigit() else "-" for c in topic)
    return "ESP32-{}-{}".format(_hex(mac), name)[:32].rstrip("-")


def _hex(mac):
    return "".join("{:02X}".format(b) for b in mac[-3:])
