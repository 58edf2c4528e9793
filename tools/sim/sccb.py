"""The OV2640's registers as seen over its two-wire bus: two banks, selected by register 0xFF."""

from errors import os_error

_ADDRESS = 0x30
_SDA, _SCL, _PWDN = 26, 27, 32
_BANK = 0xFF
_DSP = 0  # the bank that the driver leaves selected
_CLKRC = 0x11  # divides the clock
_RESET = {  # data sheet's values after reset, as far as the firmware looks at them; bank, register
    (1, 0x03): 0x0F,
    (1, 0x0A): 0x26,  # PIDH
    (1, 0x0B): 0x42,  # PIDL
    (1, 0x0F): 0x43,
    (1, _CLKRC): 0x00,
}
_NO_DEVICE = 19


class Registers:
    """Answers while the sensor has power and clock, that is while a driver runs it."""

    def __init__(self, pins, running):
        self._pins = pins
        self._running = running
        self.reset()

    def reset(self):
        """What the driver's init does to the registers."""
        self._values = dict(_RESET)
        self._bank = _DSP

    def set_size(self):
        """What the driver's setting of a frame size does to them: the clock is as at its init."""
        self._values[1, _CLKRC] = _RESET[1, _CLKRC]

    def calls(self):
        return {"i2c.read": self.read, "i2c.write": self.write, "i2c.scan": self.scan}

    def slow_down(self):
        """By how much CLKRC divides the pixel clock (register 0x11, bits 5..0)."""
        return (self._values.get((1, _CLKRC), 0) & 0x3F) + 1

    def astray(self):
        """Whether the driver's writes to the DSP's bank miss it: it does not look which it is."""
        return self._bank != _DSP

    def scan(self, sda, scl):
        return [_ADDRESS] if self._answers(_ADDRESS, sda, scl) else []

    def read(self, sda, scl, address, register, count):
        self._check(address, sda, scl)
        return [self._read((register + i) & 0xFF) for i in range(count)]

    def write(self, sda, scl, address, register, data):
        self._check(address, sda, scl)
        for i, byte in enumerate(data):
            if register + i == _BANK:
                self._bank = byte & 1
            else:
                self._values[self._bank, (register + i) & 0xFF] = byte

    def _read(self, register):
        return self._bank if register == _BANK else self._values.get((self._bank, register), 0)

    def _answers(self, address, sda, scl):
        wired = (address, sda, scl) == (_ADDRESS, _SDA, _SCL)
        return wired and self._running() and not self._pins.level(_PWDN)

    def _check(self, address, sda, scl):
        if not self._answers(address, sda, scl):
            raise os_error(_NO_DEVICE)
