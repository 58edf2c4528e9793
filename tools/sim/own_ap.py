"""Access point of the board: settings, address and clients."""

from errors import UsageError, os_error, value_error

_ADDRESS = ["192.168.4.1", "255.255.255.0", "192.168.4.1", "0.0.0.0"]
_SHORTEST_KEY = 8
_CLIENT = "0a0000c0ff%02x"
_DEFAULTS = {"security": 0, "hidden": False, "max_clients": 4, "channel": 1}
_ALIASES = {"essid": "ssid", "authmode": "security", "key": "password"}


class OwnAP:
    """State behind `network.WLAN(AP_IF)`."""

    def __init__(self, mac):
        self._name = "ESP_" + mac[3:].hex().upper()
        self.reset()

    def reset(self):
        self.on = False
        self.address = list(_ADDRESS)
        self._settings = {**_DEFAULTS, "ssid": self._name, "password": ""}
        self._clients = 0

    def switch(self, on):
        self.on = on
        self._clients = 0

    def get(self, name):
        name = _ALIASES.get(name, name)
        if name == "password" or name not in self._settings:
            raise value_error("unknown config param")
        return self._settings[name]

    def set(self, given):
        """Apply all settings or none; a change of name or key disconnects the clients."""
        new = {**self._settings}
        for name, value in given.items():
            name = _ALIASES.get(name, name)
            if name not in new:
                raise value_error("unknown config param")
            new[name] = value[:32] if name == "ssid" else value
        if new["security"] and len(new["password"]) < _SHORTEST_KEY:
            raise os_error("Wifi Invalid Password")
        if 0 < len(new["password"]) < _SHORTEST_KEY:
            raise os_error("Wifi Invalid Password")
        if any(new[name] != self._settings[name] for name in ("ssid", "password", "security")):
            self._clients = 0
        self._settings = new

    def stations(self):
        """Return the MAC addresses (hex) of the clients."""
        return [_CLIENT % n for n in range(self._clients)]

    def join(self, count, password):
        """Set the number of joined clients; a secured access point requires its key."""
        if not self.on:
            raise UsageError("the board's access point is off")
        if self._settings["security"] and password != self._settings["password"]:
            raise UsageError("wrong password")
        if not 0 <= count <= self._settings["max_clients"]:
            raise UsageError(f"count must be 0..{self._settings['max_clients']}")
        self._clients = count

    def report(self):
        """Return the state for the control port, without the password."""
        shown = {name: self._settings[name] for name in ("ssid", "security", "channel")}
        return {"on": self.on, **shown, "address": self.address[0], "clients": self._clients}
