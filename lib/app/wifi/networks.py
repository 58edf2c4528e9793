"""The networks to join, and the static address, from the settings."""

_SUFFIXES = ("", "2", "3")  # of ssid and password


def known(settings):
    """Return [(ssid, password), ...] of the networks to join."""
    pairs = [(settings["ssid" + n], settings["password" + n]) for n in _SUFFIXES]
    return [pair for pair in pairs if pair[0]]


def static_address(settings):
    """Return (address, netmask, gateway, DNS server), None for DHCP.

    Without a gateway, only the camera's own network is reached.
    """
    address = settings["ip"]
    if not address:
        return None
    gateway = settings["gateway"] or address
    return address, settings["netmask"], gateway, settings["dns"] or gateway
