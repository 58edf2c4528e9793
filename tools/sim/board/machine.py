"""Pins, clock, watchdog, I2C and resets of the ESP32, as far as the firmware uses them."""

import binascii
import time

import looptasks
import umachine
import world
from umachine import Signal, idle, time_pulse_us

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5
PIN_WAKE = EXT0_WAKE = 2
TIMER_WAKE = 4

_PIN_GET = world.PIN_GET
_PIN_SET = world.PIN_SET
_quick = world.quick
_pins = {}
_freq = 160_000_000
_FREQUENCIES = (20_000_000, 40_000_000, 80_000_000, 160_000_000, 240_000_000)
_RTC_MEMORY_BYTES = 2_048
_GPIOS = 40
_I2C_SCL, _I2C_SDA = (29, 95), (30, 96)  # signals of the two ports in the GPIO matrix
_FUNC_OUT_SEL = 0x3FF44530  # address of the first register


class Pin(umachine.PinBase):
    """GPIO pin; one object per number, as on the chip."""

    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __new__(cls, id, *args, **kwargs):
        if not isinstance(id, int) or not 0 <= id < _GPIOS:
            raise ValueError("invalid pin")
        if id not in _pins:
            _pins[id] = super().__new__(cls)
        return _pins[id]

    def __init__(self, id, mode=None, pull=None, *, value=None, hold=None):
        self._id = id
        world.call("pin.init", id, mode, pull, value, hold)

    def init(self, mode=None, pull=None, *, value=None, hold=None):
        world.call("pin.init", self._id, mode, pull, value, hold)

    def value(self, level=None):
        if level is None:
            return _quick(_PIN_GET, self._id, looptasks.count())
        _quick(_PIN_SET, self._id, 1 if level else 0)

    __call__ = value

    def on(self):
        _quick(_PIN_SET, self._id, 1)

    def off(self):
        _quick(_PIN_SET, self._id, 0)

    def __repr__(self):
        return "Pin(%d)" % self._id


class RTC:
    """Real-time clock, which survives a reset but not a power cut."""

    def __init__(self, id=0):
        if id != 0:
            raise ValueError("RTC(%s) doesn't exist" % id)

    def datetime(self, moment=None):
        """Return or set (year, month, day, weekday, hour, minute, second, microsecond)."""
        if moment is None:
            ns = time.time_ns()
            year, month, day, hour, minute, second, weekday, _ = time.gmtime(ns // 1_000_000_000)
            return (year, month, day, weekday, hour, minute, second, ns // 1_000 % 1_000_000)
        year, month, day, _, hour, minute, second, micro = moment
        seconds = time.mktime((year, month, day, hour, minute, second, 0, 0))
        world.side.call("rtc.set", seconds + micro / 1_000_000 if micro else seconds)

    def init(self, moment):
        self.datetime(moment)

    def memory(self, data=None):
        """Return or set the RTC memory, at most 2,048 bytes, which survives a reset."""
        if data is None:
            return binascii.unhexlify(world.call("rtc.memory"))
        if len(data) > _RTC_MEMORY_BYTES:
            raise ValueError("buffer too long")
        world.call("rtc.memory", binascii.hexlify(data).decode())


class WDT:
    """Watchdog timer; once started, it cannot be stopped."""

    _only = None

    def __new__(cls, id=0, timeout=5_000):
        if id != 0:
            raise ValueError
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __init__(self, id=0, timeout=5_000):
        world.call("wdt.start", timeout)

    def feed(self):
        _quick(world.WDT_FEED)


class I2C:
    """Hardware I2C bus; `id` is 0 or 1."""

    def __init__(self, id, *, scl=None, sda=None, freq=400_000, timeout=50_000):
        if id not in (0, 1):
            raise ValueError("I2C({}) doesn't exist".format(id))
        self._scl, self._sda = scl._id, sda._id
        for pin, signal in ((sda, _I2C_SDA[id]), (scl, _I2C_SCL[id])):
            world.call("pin.init", pin._id, Pin.OPEN_DRAIN, None, 1)
            world.call("pin.route", pin._id, signal)

    def scan(self):
        return world.call("i2c.scan", self._sda, self._scl)

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        read = world.call("i2c.read", self._sda, self._scl, addr, memaddr, nbytes, addrsize)
        return bytes(read)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        data = list(bytes(buf))
        world.call("i2c.write", self._sda, self._scl, addr, memaddr, data, addrsize)


class SoftI2C(I2C):
    """I2C bus in software, which disconnects its pins from any peripheral."""

    def __init__(self, scl, sda, *, freq=400_000, timeout=50_000):
        self._scl, self._sda = scl._id, sda._id
        for pin in (scl, sda):
            pin.init(Pin.OPEN_DRAIN, value=1)


class _Registers:
    """`mem32` with the output registers of the GPIO matrix, which select a pin's signal."""

    def __getitem__(self, address):
        return world.call("pin.route", self._pin(address))

    def __setitem__(self, address, value):
        world.call("pin.route", self._pin(address), value & 0x1FF)

    def _pin(self, address):
        pin, odd = divmod(address - _FUNC_OUT_SEL, 4)
        if odd or not 0 <= pin < _GPIOS:
            raise ValueError("register 0x%x is not simulated" % address)
        return pin


mem32 = _Registers()


def unique_id():
    return binascii.unhexlify(world.call("chip.id"))


def reset():
    """Reset the chip; does not return."""
    world.call("board.reset", HARD_RESET)
    raise SystemExit


def soft_reset():
    """Restart the interpreter only; the caller of the program handles the exception."""
    raise SystemExit


def reset_cause():
    return world.call("chip.reset_cause")


def deepsleep(ms=0):
    """Sleep until the timer or a pin wakes the chip, which then starts again; does not return."""
    world.call("board.deepsleep", int(ms))
    raise SystemExit


def wake_reason():
    """Return what has ended the last deep sleep, 0 after another start."""
    return world.call("chip.wake_reason")


def freq(hz=None):
    global _freq
    if hz is None:
        return _freq
    if hz not in _FREQUENCIES:
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    _freq = hz
