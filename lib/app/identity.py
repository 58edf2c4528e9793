"""The device's own names, from its MAC address (behaviour: section 2); borrow it."""


def device_id(mac):
    """`DVES_` and the last three bytes of the MAC in upper-case hex."""
    return "DVES_" + "".join("{:02X}".format(b) for b in mac[-3:])


def host_name(device_id, topic):
    """The DHCP and mDNS name, at most 32 characters (what network.hostname takes)."""
    name = "".join(c if c.isalpha() or c.isdigit() else "-" for c in topic)
    return "ESP32-{}-{}".format(device_id[5:], name)[:32].rstrip("-")
