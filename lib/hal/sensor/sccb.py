"""The sensor's two-wire bus, shared with a driver that keeps its own to itself."""

from machine import Pin, SoftI2C, mem32
from micropython import const

_HZ = const(100_000)
_FUNC_OUT_SEL = const(0x3FF44530)  # ESP32: GPIO_FUNCn_OUT_SEL_CFG_REG, one word per pin


class SharedBus:
    """Takes the pins for one transfer, then returns them to the driver's I2C port.

    SoftI2C routes the pins to their own output registers in the chip's GPIO matrix. Without the
    way back, the driver could no longer reach the sensor, and would not notice.
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
