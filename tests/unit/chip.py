"""Fake chip for tests of camera drivers, with pins, the GPIO matrix and the sensor's bus."""

import sys

BOARD = {
    "data_pins": (5, 18, 19, 21, 36, 39, 34, 35),
    "xclk_pin": 0,
    "pclk_pin": 22,
    "vsync_pin": 25,
    "href_pin": 23,
    "sda_pin": 26,
    "scl_pin": 27,
    "powerdown_pin": 32,
    "reset_pin": -1,
    "xclk_freq": 20_000_000,
}
_OUT_SEL = 0x3FF44530
SOFT = 256


class Machine:
    """Stands in for the module `machine`."""

    def __init__(self):
        self.levels = []  # (pin, level) of each write
        self.routes = {26: 96, 27: 95}
        self.registers = {}
        self.bank = 0
        self.bus_fails = False
        self.vsync = True
        self.vsync_checks_us = []
        self.mem32 = self

    def __getitem__(self, address):
        return self.routes[(address - _OUT_SEL) // 4]

    def __setitem__(self, address, word):
        self.routes[(address - _OUT_SEL) // 4] = word

    def time_pulse_us(self, pin, level, limit_us):
        assert pin.number == 25 and level == 1
        self.vsync_checks_us.append(limit_us)
        return 300 if self.vsync else -2


machine = Machine()


class Pin:
    OUT = 3

    def __init__(self, number, mode=None, value=None):
        self.number = number
        if value is not None:
            machine.levels.append((number, value))

    def value(self, level):
        machine.levels.append((self.number, level))


class I2C:
    def __init__(self, port=None, *, scl, sda, freq):
        assert (scl.number, sda.number) == (27, 26)

    def writeto_mem(self, address, register, data):
        assert address == 0x30
        if machine.bus_fails:
            raise OSError(19)
        if register == 0xFF:
            machine.bank = data[0]
        else:
            machine.registers[machine.bank, register] = data[0]

    def readfrom_mem(self, address, register, count):
        if register == 0xFF:
            return bytes((machine.bank,))
        return bytes((machine.registers.get((machine.bank, register), 0),))


class SoftI2C(I2C):
    def __init__(self, **pins):
        super().__init__(**pins)
        machine.routes = {26: SOFT, 27: SOFT}


machine.Pin, machine.I2C, machine.SoftI2C = Pin, I2C, SoftI2C


class esp32:
    """Stands in for the module `esp32`; `regions` is what PSRAM adds to the IDF's heap."""

    regions = [(4 << 20, 0, 0, 0)]

    @staticmethod
    def idf_heap_info(capabilities):
        assert capabilities == 1 << 10
        return esp32.regions


sys.modules["esp32"] = esp32
sys.modules["machine"] = machine
