"""The sensor's two-wire bus (SCCB), and the chips that can be on it."""

from machine import Pin, SoftI2C, mem32
from micropython import const

_HZ = const(100_000)
_FUNC_OUT_SEL = const(0x3FF44530)  # ESP32: GPIO_FUNCn_OUT_SEL_CFG_REG, one word per pin
BANK = const(0xFF)  # OV2640: register that selects the bank; 1 = sensor

OV2640, UNKNOWN = "OV2640", "unknown"
_CHIPS = (  # name, address, bits of a register's number, register of the id, id, encodes JPEG
    (OV2640, 0x30, 8, 0x0A, b"\x26", True),
    ("OV3660", 0x3C, 16, 0x300A, b"\x36\x60", True),
    ("OV5640", 0x3C, 16, 0x300A, b"\x56\x40", True),
    ("GC2145", 0x3C, 8, 0xF0, b"\x21\x45", False),
    ("NT99141", 0x2A, 16, 0x3000, b"\x14\x10", True),
    ("GC032A", 0x21, 8, 0xF0, b"\x23\x2a", False),
    ("GC0308", 0x21, 8, 0x00, b"\x9b", False),
    ("OV7670", 0x21, 8, 0x0A, b"\x76", False),
    ("OV7725", 0x21, 8, 0x0A, b"\x77", False),
)


def identify(bus):
    """Return the name of the chip that answers on the bus: UNKNOWN for another, "" for none.

    The sensor needs its clock (XCLK) to answer.
    """
    silent = []
    for name, address, bits, register, number, _ in _CHIPS:
        if address in silent:
            continue
        try:
            if name == OV2640:
                found = _read_in_bank(bus, address, register)
            else:
                found = bus.readfrom_mem(address, register, len(number), addrsize=bits)
        except OSError:
            silent.append(address)
            continue
        if found == number:
            return name
    return UNKNOWN if len(silent) < len({row[1] for row in _CHIPS}) else ""


def encodes(chip):
    """Return True if the chip of that name has a JPEG encoder."""
    return any(row[5] for row in _CHIPS if row[0] == chip)


def _read_in_bank(bus, address, register):
    """Read a register of the OV2640's sensor bank; then select the bank of the driver again."""
    bank = bus.readfrom_mem(address, BANK, 1)
    bus.writeto_mem(address, BANK, b"\x01")
    try:
        return bus.readfrom_mem(address, register, 1)
    finally:
        bus.writeto_mem(address, BANK, bytes((bank[0] & 1,)))


class SharedBus:
    """Takes the pins for one transfer, then returns them to the driver's I2C port.

    SoftI2C routes the pins to their own output registers in the chip's GPIO matrix. Unless that is
    undone, the driver can no longer reach the sensor, and does not notice.
    """

    def __init__(self, sda, scl):
        self._sda, self._scl = sda, scl

    def writeto_mem(self, address, register, data):
        self._transfer("writeto_mem", address, register, data)

    def readfrom_mem(self, address, register, count, addrsize=8):
        return self._transfer("readfrom_mem", address, register, count, addrsize=addrsize)

    def _transfer(self, method, *args, **options):
        registers = [_FUNC_OUT_SEL + 4 * pin for pin in (self._sda, self._scl)]
        before = [mem32[register] for register in registers]
        try:
            bus = SoftI2C(scl=Pin(self._scl), sda=Pin(self._sda), freq=_HZ)
            return getattr(bus, method)(*args, **options)
        finally:
            for register, word in zip(registers, before):
                mem32[register] = word
