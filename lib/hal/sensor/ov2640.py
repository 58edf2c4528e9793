"""Registers of the OV2640 that no driver offers."""

from micropython import const

from hal.sensor.sccb import BANK

_ADDRESS = const(0x30)
_NIGHT = ((0x11, 0x07), (0x0F, 0x4B), (0x03, 0xCF))  # CLKRC: clock / 8; COM1: exposure over frames
_DAY = ((0x11, 0x01), (0x0F, 0x43), (0x03, 0x0F))  # if the values before are not known


class NightMode:
    """Slows the frame rate for long exposures, and restores the registers afterwards.

    The selected bank is restored as well, because esp32-camera remembers it without reading it
    back: its next write would go to the wrong bank.
    """

    def __init__(self, i2c):
        self._i2c = i2c
        self._before = None

    def set(self, on):
        """Switch on or off; raises OSError if the sensor does not answer."""
        bank = self._read(BANK)
        self._write(BANK, 1)
        try:
            self._write_registers(on)
        finally:
            self._write(BANK, bank & 1)

    def _write_registers(self, on):
        if on and self._before is None:
            self._before = [(register, self._read(register)) for register, _ in _NIGHT]
        for register, value in _NIGHT if on else (self._before or _DAY):
            self._write(register, value)
        if not on:
            self._before = None

    def _write(self, register, value):
        self._i2c.writeto_mem(_ADDRESS, register, bytes((value,)))

    def _read(self, register):
        return self._i2c.readfrom_mem(_ADDRESS, register, 1)[0]
