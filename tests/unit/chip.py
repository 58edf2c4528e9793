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


CHIPS = {  # address, bits of a register's number, register of the id, id
    "OV2640": (0x30, 8, 0x0A, b"\x26\x42"),
    "OV3660": (0x3C, 16, 0x300A, b"\x36\x60"),
    "OV5640": (0x3C, 16, 0x300A, b"\x56\x40"),
    "GC2145": (0x3C, 8, 0xF0, b"\x21\x45"),
    "new one": (0x3C, 8, 0xF0, b"\x99\x99"),
}


class Machine:
    """Stands in for the module `machine`."""

    def __init__(self):
        self.levels = []  # (pin, level) of each write
        self.routes = {26: 96, 27: 95}
        self.registers = {}
        self.bank = 0
        self.bus_fails = False
        self.chip = "OV2640"
        self.waves = []  # (pin, divider, pulses) of each square wave
        self.wave = None  # the one that is running
        self.clocked = True  # by the driver
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
        self._select(address)
        if register == 0xFF:
            machine.bank = data[0]
        else:
            machine.registers[machine.bank, register] = data[0]

    def _select(self, address):
        is_clocked = machine.clocked or machine.wave
        if machine.bus_fails or not is_clocked or CHIPS.get(machine.chip, (0,))[0] != address:
            raise OSError(19)

    def readfrom_mem(self, address, register, count, addrsize=8):
        self._select(address)
        _, bits, at, number = CHIPS[machine.chip]
        if (bits, at) == (addrsize, register) and (at != 0x0A or address != 0x30 or machine.bank):
            return number[:count]
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

    class RMT:
        def __init__(self, channel, pin, clock_div):
            if machine.wave:
                raise OSError(-259, "ESP_ERR_INVALID_STATE")
            self._pin, self._divider = pin.number, clock_div

        def loop(self, enable):
            assert enable in (True, False)

        def write_pulses(self, pulses, level):
            machine.wave = (self._pin, self._divider, pulses[:2])
            machine.waves.append(machine.wave)

        def deinit(self):
            machine.wave = None

    @staticmethod
    def idf_heap_info(capabilities):
        assert capabilities == 1 << 10
        return esp32.regions


sys.modules["esp32"] = esp32
sys.modules["machine"] = machine
