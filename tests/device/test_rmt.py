"""RMT of the chip: the square wave for the lamp and for the probe of an unknown sensor."""

import unittest

import esp32
from machine import Pin

SPARE = 14  # free on the ESP32-CAM, unless an SD card is in use


class TestWave(unittest.TestCase):
    def test_channel_repeats_pulses_until_it_is_freed(self):
        for channel, divider, high, low in ((0, 8, 400, 600), (1, 1, 4, 4)):
            rmt = esp32.RMT(channel, pin=Pin(SPARE), clock_div=divider)
            try:
                rmt.loop(True)
                rmt.write_pulses((high, low) * 16, 1)
            finally:
                rmt.loop(False)
                rmt.deinit()
            again = esp32.RMT(channel, pin=Pin(SPARE), clock_div=divider)  # it is free
            again.deinit()

    def test_pin_is_an_output_again(self):
        pin = Pin(SPARE, Pin.OUT, value=0)
        rmt = esp32.RMT(0, pin=pin, clock_div=8)
        rmt.deinit()
        pin.init(Pin.OUT, value=1)
        self.assertEqual(pin.value(), 1)
        pin.init(Pin.IN)


if __name__ == "__main__":
    unittest.main()
