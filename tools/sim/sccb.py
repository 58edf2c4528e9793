"""The sensor on the SCCB bus: an OV2640 with two banks, selected by register 0xFF, or another."""

from dataclasses import dataclass, field

from errors import UsageError, os_error

_SDA, _SCL, _PWDN, _XCLK = 26, 27, 32, 0
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
_OF_3660 = {  # ranges of the driver of esp32-camera, where they differ from the OV2640's
    "contrast": (-3, 3),
    "brightness": (-3, 3),
    "saturation": (-4, 4),
    "ae_level": (-5, 5),
    "agc_gain": (0, 64),
    "gainceiling": (0, 511),
}


@dataclass
class Chip:
    """A sensor that esp32-camera knows: its bus, id and abilities."""

    address: int
    address_bits: int  # of a register
    registers: dict  # (bank, register) -> value after a reset
    number: int
    jpeg: bool
    ranges: dict = field(default_factory=dict)


CHIPS = {
    "OV2640": Chip(0x30, 8, _RESET, 0x2642, True),
    "OV3660": Chip(0x3C, 16, {(0, 0x300A): 0x36, (0, 0x300B): 0x60}, 0x3660, True, _OF_3660),
    "OV5640": Chip(0x3C, 16, {(0, 0x300A): 0x56, (0, 0x300B): 0x40}, 0x5640, True, _OF_3660),
    "GC2145": Chip(0x3C, 8, {(0, 0xF0): 0x21, (0, 0xF1): 0x45}, 0x2145, False),
    "GC032A": Chip(0x21, 8, {(0, 0xF0): 0x23, (0, 0xF1): 0x2A}, 0x232A, False),
    "OV7670": Chip(0x21, 8, {(0, 0x0A): 0x76, (0, 0x0B): 0x73}, 0x7673, False),
}


def chip_named(text):
    """Return the name of a chip, given that name or its id; raise UsageError if it is unknown."""
    for name, chip in CHIPS.items():
        if text.upper() == name or text.lower() == f"0x{chip.number:04x}":
            return name
    known = ", ".join(f"{name} (0x{chip.number:04x})" for name, chip in CHIPS.items())
    raise UsageError(f"{text}: no such sensor; there are {known}")


class Registers:
    """Register file; responds only while the sensor has a clock and is not switched off.

    running: true while a driver runs it; else the firmware may supply the clock. absent: true
    while there is no sensor.
    """

    def __init__(self, pins, running, absent, name="OV2640"):
        self._pins = pins
        self._running = running
        self._absent = absent
        self.name = name
        self.reset()

    @property
    def chip(self):
        return CHIPS[self.name]

    def reset(self):
        """Set the registers to their state after the driver's init."""
        self._values = dict(self.chip.registers)
        self._bank = _DSP

    def exchange(self, chip):
        """Put another sensor on the bus, by its name or id."""
        self.name = chip_named(chip)
        self.reset()

    def set_size(self):
        """Restore the clock divider, as the driver does when it sets a frame size."""
        if self.name == "OV2640":
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
        address = self.chip.address
        return [address] if self._responds(address, sda, scl) else []

    def read(self, sda, scl, address, register, count, bits=8):
        self._check(address, sda, scl)
        if bits != self.chip.address_bits:  # the sensor takes it for another register
            return [0] * count
        return [self._read(register + i) for i in range(count)]

    def write(self, sda, scl, address, register, data, bits=8):
        self._check(address, sda, scl)
        if bits != self.chip.address_bits:
            return
        for i, byte in enumerate(data):
            if self._is_bank(register + i):
                self._bank = byte & 1
            else:
                self._values[self._bank, self._wrapped(register + i)] = byte

    def _read(self, register):
        if self._is_bank(register):
            return self._bank
        return self._values.get((self._bank, self._wrapped(register)), 0)

    def _is_bank(self, register):
        return self.name == "OV2640" and register == _BANK

    def _wrapped(self, register):
        return register & ((1 << self.chip.address_bits) - 1)

    def _responds(self, address, sda, scl):
        wired = (address, sda, scl) == (self.chip.address, _SDA, _SCL)
        clocked = self._running() or self._pins.wave(_XCLK)
        return wired and clocked and not self._absent() and not self._pins.level(_PWDN)

    def _check(self, address, sda, scl):
        if not self._responds(address, sda, scl):
            raise os_error(_NO_DEVICE)
