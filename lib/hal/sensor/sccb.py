"""The sensor's two-wire bus beside a driver that does not share it."""

from machine import Pin, SoftI2C, mem32
from micropython import const

_HZ = const(100_000)
_FUNC_OUT_SEL = const(0x3FF44530)  # ESP32: GPIO_FUNCn_OUT_SEL_CFG_REG, a word a pin


class BorrowedBus:
    """Takes the pins for one transfer, and gives them back to the driver's own I2C port.

    SoftI2C leads the pins to their own output registers in the chip's GPIO matrix; left so, the
    driver would not reach the sensor any more, and would not even notice.
    """

    def __init__(self, sda, scl):
        self._sda, self._scl = sda, scl

    def writeto_mem(self, address, register, data):
        self._lend("writeto_mem", address, register, data)

    def readfrom_mem(self, address, register, count):
        return self._lend("readfrom_mem", address, register, count)

    def _lend(self, transfer, *args):
        places = [_FUNC_OUT_SEL + 4 * pin for pin in (self._sda, self._scl)]
        before = [mem32[place] for place in places]
        try:
            bus = SoftI2C(scl=Pin(self._scl), sda=Pin(self._sda), freq=_HZ)
            return getattr(bus, transfer)(*args)
        finally:
            for place, word in zip(places, before):
                mem32[place] = word
