"""Non-volatile storage and flash partitions of the ESP32, with ESP-IDF's error codes."""

import binascii
import gc

import idf
import world

HEAP_DATA = 4
HEAP_EXEC = 1
_CHIP_RAM = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 11 | 1 << 12  # 32BIT 8BIT DMA INTERNAL DEFAULT
_PSRAM = 1 << 1 | 1 << 2 | 1 << 10 | 1 << 12  # 32BIT 8BIT SPIRAM DEFAULT
_SECTOR = 4_096
WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True
_RTC_PINS = (0, 2, 4, 12, 13, 14, 15, 25, 26, 27, 32, 33, 34, 35, 36, 37, 38, 39)


def wake_on_ext0(pin=None, level=None):
    """Let a level of one pin end the next deep sleep; None: no pin does."""
    if pin is not None and pin._id not in _RTC_PINS:
        raise ValueError("invalid pin")
    world.call("sleep.wake_on", None if pin is None else pin._id, int(bool(level)))


def _text(name):
    return name if isinstance(name, str) else bytes(name).decode()


class NVS:
    """Namespace of numbers (i32) and blobs; setting a value writes it to flash immediately."""

    def __init__(self, namespace):
        self._space = _text(namespace)
        world.call("nvs.open", self._space)

    def set_i32(self, key, value):
        if not isinstance(value, int):
            raise TypeError("can't convert %s to int" % type(value).__name__)
        if not -0x80000000 < value <= 0x7FFFFFFF:
            raise OverflowError("overflow converting long int to machine word")
        world.call("nvs.set", self._space, _text(key), int(value))

    def get_i32(self, key):
        return world.call("nvs.get_i32", self._space, _text(key))

    def set_blob(self, key, value):
        text = binascii.hexlify(_buffer(value)).decode()
        world.call("nvs.set", self._space, _text(key), text)

    def get_blob(self, key, buffer):
        """Read a blob into `buffer`; return its length. An empty buffer only gets the length."""
        if isinstance(buffer, bytes):
            raise TypeError("object with buffer protocol required")
        view = memoryview(_buffer(buffer))
        length, value = world.call("nvs.get_blob", self._space, _text(key), len(view))
        if len(view):
            view[:length] = binascii.unhexlify(value)
        return length

    def erase_key(self, key):
        world.call("nvs.erase", self._space, _text(key))

    def commit(self):
        pass


_RMT_SIGNAL = 87  # of the first channel in the GPIO matrix


class Partition:
    """Partition of the flash, selected by label, or as RUNNING or BOOT."""

    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, which, block_size=_SECTOR):
        if isinstance(which, int) and which not in (self.BOOT, self.RUNNING):
            raise ValueError
        if not isinstance(which, (int, str, list)):
            raise TypeError("can't convert '%s' object to str implicitly" % type(which).__name__)
        row = which if isinstance(which, list) else world.call("part.get", which)
        self._info = tuple(row)
        self._address, self._size = row[2:4]
        self._block = block_size

    @staticmethod
    def find(type=TYPE_APP, subtype=0xFF, label=None, block_size=_SECTOR):
        rows = world.call("part.find", type, subtype, label)
        return [Partition(row, block_size) for row in rows]

    @classmethod
    def mark_app_valid_cancel_rollback(cls):
        """Confirm the active entry of otadata."""
        world.call("part.mark_valid")

    def info(self):
        return self._info

    def readblocks(self, block, buffer, offset=0):
        if isinstance(buffer, (str, bytes)):
            raise TypeError("object with buffer protocol required")
        if not isinstance(buffer, bytearray):
            buffer = memoryview(_buffer(buffer))
        world.flash.read(self._place(block * self._block + offset, len(buffer)), buffer)

    def writeblocks(self, block, buffer, offset=None):
        """Erase and write whole blocks; with an offset, write bytes that are already erased."""
        data = buffer.encode() if isinstance(buffer, str) else _buffer(buffer)
        size = len(data)
        address = self._place(block * self._block + (offset or 0), size)
        if size and offset is None:
            world.call("part.erase", address, size)
        if size:
            world.main.write_flash(address, data)

    def ioctl(self, request, argument):
        if request in (1, 2, 3):  # init, deinit, sync
            return 0
        if request == 4:
            return self._size // self._block
        if request == 5:
            return self._block
        if request == 6:
            address = self._place(argument * self._block, self._block)
            world.call("part.erase", address, self._block)
            return 0

    def set_boot(self):
        world.call("part.set_boot", self._address)

    def get_next_update(self):
        return Partition(world.call("part.next", self._address))

    def _place(self, offset, size):
        """Return the flash address of a range inside the partition; raise OSError outside it."""
        if not 0 <= offset <= self._size:
            raise OSError(-258, "ESP_ERR_INVALID_ARG")
        if offset + size > self._size:
            raise OSError(-260, "ESP_ERR_INVALID_SIZE")
        return self._address + offset

    def __repr__(self):
        line = "<Partition type=%d, subtype=%d, address=%d, size=%d, label=%s, encrypted=%d>"
        return line % self._info


class RMT:
    """Transmitter of pulses; at most one object per channel, 0..7, until `deinit`."""

    _used = set()

    def __init__(self, channel, *, pin=None, clock_div=8, idle_level=False, tx_carrier=None):
        if not 0 <= channel < 8 or not 1 <= clock_div <= 255:
            raise ValueError("invalid channel or clock_div")
        if channel in RMT._used:
            raise OSError(-259, "ESP_ERR_INVALID_STATE")
        RMT._used.add(channel)
        self._channel, self._pin, self._divider = channel, pin._id, clock_div
        self._loops = False
        world.call("pin.route", self._pin, _RMT_SIGNAL + channel)

    def loop(self, enable):
        self._loops = bool(enable)

    def write_pulses(self, duration, data=True):
        """Send pulses, whose lengths are in ticks of the divided clock (80 MHz)."""
        if not all(1 <= ticks <= 32_767 for ticks in duration):
            raise ValueError("duration")
        if self._loops:
            high, low = duration[0], duration[1]
            world.call("pin.wave", self._pin, 80_000_000 // self._divider, high, low)

    def deinit(self):
        RMT._used.discard(self._channel)
        world.call("pin.wave", self._pin)


def idf_heap_info(capabilities):
    """Return (total, free, largest free block, lowest free) of each region that has all of them.

    Memory for code (HEAP_EXEC) is not simulated.
    """
    regions = []
    if not capabilities & ~_CHIP_RAM:
        regions.append(tuple(world.call("idf.info", idf.in_use())))
    if idf.PSRAM and not capabilities & ~_PSRAM:
        regions.append((4 << 20,) + (gc.mem_free(),) * 3)
    return regions


def _buffer(value):
    if isinstance(value, (str, bytes)):
        return value
    try:
        return memoryview(value)
    except TypeError:
        raise TypeError("object with buffer protocol required")
