"""Names of the device, made from its MAC address, and the version of MicroPython."""

import sys

_ALNUM = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def device_id(mac):
    """Return `DVES_` and the last three bytes of the MAC in upper-case hex."""
    return "DVES_" + "".join("{:02X}".format(b) for b in mac[-3:])


def slug(text, between="-"):
    """Return the ASCII letters and digits of `text`; `between` replaces the rest between them."""
    words = "".join(c if c in _ALNUM else " " for c in text).split()
    return between.join(words)


def host_name(device_id, topic, name=""):
    """Return the DHCP and mDNS name, at most 32 characters (the limit of network.hostname).

    It is made from the friendly `name`, if that has letters or digits.
    """
    host = slug(name) or "ESP32-{}-{}".format(device_id[5:], slug(topic))
    return host[:32].rstrip("-")


def mdns_name(host):
    """Return the name under which multicast DNS (RFC 6762) finds `host`, in lower case."""
    return host.lower() + ".local"


def micropython_version():
    """Return MicroPython's version, such as 1.25.0."""
    return ".".join(str(number) for number in sys.implementation[1][:3])
