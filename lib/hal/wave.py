"""Square waves by the chip's RMT peripheral.

The LEDC peripheral, which `machine.PWM` uses, makes the camera's clock. The camera's driver takes
a timer and a channel without MicroPython's knowledge, and may switch off LEDC when it stops.
"""

import esp32
from micropython import const

LAMP, CLOCK = const(0), const(1)  # RMT channels; the last ones belong to machine.bitstream
_PULSES = const(32)  # pulses in the memory of a channel, so that a fast wave repeats rarely


class Wave:
    """A square wave on a pin from `start` to `stop`; needs a channel of its own.

    divider: of 80 MHz, 1..255; it gives the length of a tick.
    """

    def __init__(self, channel, pin, divider):
        self._channel = channel
        self._pin = pin
        self._divider = divider
        self._rmt = None

    def start(self, high, low):
        """Be high and low for that many ticks (1..32,767) each, for ever.

        Raises OSError if the firmware has no RMT, or its channel is in use.
        """
        self.stop()  # a channel takes new pulses only when it is free
        if not hasattr(esp32, "RMT"):
            raise OSError("no RMT in this firmware")
        try:
            self._rmt = esp32.RMT(self._channel, pin=self._pin, clock_div=self._divider)
            self._rmt.loop(True)
            self._rmt.write_pulses((high, low) * (_PULSES // 2), 1)
        except (OSError, RuntimeError, ValueError) as e:
            self.stop()
            raise OSError("no square wave: {}".format(e)) from None

    def stop(self):
        """Free the channel; the pin has to be set up again for another use."""
        rmt, self._rmt = self._rmt, None
        if rmt:
            rmt.loop(False)
            rmt.deinit()
