"""What the button's gestures do."""


class Hands:
    """One press switches the power, four open the access point; a hold is the restart's own."""

    def __init__(self, power, led, wifi, log):
        self._power = power
        self._led = led
        self._wifi = wifi
        self._log = log

    def press(self):
        self._power.toggle()
        self._led.show("press")

    def many(self):
        self._log.info("button", "four presses")
        self._wifi.setup()
