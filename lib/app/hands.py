"""What the button's gestures do."""


class Hands:
    """One press switches the power output; a hold is the restart's own."""

    def __init__(self, power, led, log):
        self._power = power
        self._led = led
        self._log = log

    def press(self):
        self._power.toggle()
        self._led.show("press")

    def many(self):
        self._log.info("button", "four presses")
