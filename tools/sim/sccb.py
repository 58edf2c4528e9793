"""Registers of the OV2640 on the SCCB bus: two banks, selected by register 0xFF."""

from errors import os_error

_ADDRESS = 0x30
_SDA, _SCL, _PWDN = 26, 27, 32
_BANK = 0xFF
_DSP = 0  # the bank that the driver leaves selected
_CLKRC = 0x11  # clock divider
_RESET = {  # reset values (OV2640 datasheet) that the firmware reads: (bank, register)
    (1, 0x03): 0x0F,
    (1, 0x0A): 0x26,  # PIDH
    (1, 0x0B): 0x42,  # PIDL
    (1, 0x0F): 0x43,
    (1, _CLKRC): 0x00,
}
_NO_DEVICE = 19


class Registers:
    """Register file; responds only while a driver runs the sensor."""

    def __init__(self, pins, running):
        self._pins = pins
        self._running = running
        self.reset()

    def reset(self):
        """Set the registers to their state after the driver's init."""
        self._values = dict(_RESET)
        self._bank = _DSP

    def set_size(self):
        """Restore the clock divider, as the driver does when it sets a frame size."""
        self._values[1, _CLKRC] = _RESET[1, _CLKRC]

    def calls(self):
        return {"i2c.read": self.read, "i2c.write": self.write, "i2c.scan": self.scan}

    def clock_divider(self):
        """Return the divider of the pixel clock (CLKRC, register 0x11, bits 5..0)."""
        return (self._values.get((1, _CLKRC), 0) & 0x3F) + 1

    def wrong_bank(self):
        """Return True if the driver's writes miss the DSP bank, which it does not select."""
        return self._bank != _DSP

    def scan(self, sda, scl):
        return [_ADDRESS] if self._responds(_ADDRESS, sda, scl) else []

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

    def _responds(self, address, sda, scl):
        wired = (address, sda, scl) == (_ADDRESS, _SDA, _SCL)
        return wired and self._running() and not self._pins.level(_PWDN)

    def _check(self, address, sda, scl):
        if not self._responds(address, sda, scl):
            raise os_error(_NO_DEVICE)
