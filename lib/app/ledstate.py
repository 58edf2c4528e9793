"""Which of the LED's patterns it is time for (behaviour: section 8)."""


class LEDState:
    """Asked by the LED; whoever comes later is set as an attribute."""

    def __init__(self, wifi):
        self._wifi = wifi
        self.session = self.restart = self.updater = None

    def now(self):
        """A key of led.STATES."""
        if self.restart and self.restart.erasing:
            return "erasing"
        if self.updater and self.updater.state != "idle":
            return "update"
        if self._wifi.ap_open:
            return "access point"
        if self._wifi.state != "joined":
            return "joining"
        return "connected" if self.session and self.session.up.is_set() else "connecting"
