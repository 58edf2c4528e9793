"""Registers of the OV2640 that no driver offers, and access to its two-wire bus (SCCB)."""

from machine import Pin, SoftI2C, mem32
from micropython import const

_ADDRESS = const(0x30)
_BANK = const(0xFF)  # register that selects the bank; 1 = sensor
_NIGHT = ((0x11, 0x07), (0x0F, 0x4B), (0x03, 0xCF))  # CLKRC: clock / 8; COM1: exposure over frames
_DAY = ((0x11, 0x01), (0x0F, 0x43), (0x03, 0x0F))  # if the values before are not known

_HZ = const(100_000)
_FUNC_OUT_SEL = const(0x3FF44530)  # ESP32: GPIO_FUNCn_OUT_SEL_CFG_REG, one word per pin


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
        bank = self._read(_BANK)
        self._write(_BANK, 1)
        try:
            self._write_registers(on)
        finally:
            self._write(_BANK, bank & 1)

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


class SharedBus:
    """Takes the pins for one transfer, then returns them to the driver's I2C port.

    SoftI2C routes the pins to their own output registers in the chip's GPIO matrix. Unless that is
    undone, the driver can no longer reach the sensor, and does not notice.
    """

    def __init__(self, sda, scl):
        self._sda, self._scl = sda, scl

    def writeto_mem(self, address, register, data):
        self._transfer("writeto_mem", address, register, data)

    def readfrom_mem(self, address, register, count):
        return self._transfer("readfrom_mem", address, register, count)

    def _transfer(self, method, *args):
        registers = [_FUNC_OUT_SEL + 4 * pin for pin in (self._sda, self._scl)]
        before = [mem32[register] for register in registers]
        try:
            bus = SoftI2C(scl=Pin(self._scl), sda=Pin(self._sda), freq=_HZ)
            return getattr(bus, method)(*args)
        finally:
            for register, word in zip(registers, before):
                mem32[register] = word
