"""Fake `esp32` and `machine` for boot.py and hal.appslot; import it before them."""

import sys


class PowerCut(Exception):
    """Power failed; no later operation takes effect."""


class NVS:
    """One store for all namespaces; power fails at write `cut`, and `full` rejects writes."""

    stored = {}
    writes = 0
    cut = None
    after = False
    full = False

    def __init__(self, namespace):
        self._space = namespace

    def get_i32(self, key):
        if (self._space, key) not in NVS.stored:
            raise OSError(-4354, "ESP_ERR_NVS_NOT_FOUND")
        return NVS.stored[(self._space, key)]

    def set_i32(self, key, value):
        assert -(1 << 31) <= value < 1 << 31
        if NVS.full:
            raise OSError(-4357, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
        dies = NVS.writes == NVS.cut
        NVS.writes += 1
        if not dies or NVS.after:
            NVS.stored[(self._space, key)] = value
        if dies:
            raise PowerCut

    def commit(self):
        pass


class Partition:
    """Partitions as (type, subtype): `log` records the operations, `cut` as for NVS."""

    TYPE_APP, TYPE_DATA = 0, 1
    table = [(1, 2), (0, 16), (0, 17)]
    log = []
    cut = None
    only_image = False
    RUNNING = 1
    image = b"v1.0.0"

    def __init__(self, kind):
        self._kind = kind

    def readblocks(self, block, buffer, offset):
        assert (self._kind, block, offset, len(buffer)) == (Partition.RUNNING, 0, 32, 256)
        buffer[: len(Partition.image)] = Partition.image

    @classmethod
    def find(cls, type, subtype):
        return [cls(kind) for kind in cls.table if kind == (type, subtype)]

    def ioctl(self, request, argument):
        if request == 4:
            return 4
        assert request == 6
        Partition.do((self._kind, argument))

    def set_boot(self):
        if Partition.only_image:
            raise OSError(-261, "ESP_ERR_NOT_FOUND")
        Partition.do((self._kind, "boot"))

    @staticmethod
    def do(what):
        if len(Partition.log) == Partition.cut:
            raise PowerCut
        Partition.log.append(what)


class Reset(Exception):
    """Raised by machine.reset(), which does not return on the chip."""


class esp32:
    NVS = NVS
    Partition = Partition


class machine:
    PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = range(1, 6)
    cause = PWRON_RESET
    watchdogs = []

    @staticmethod
    def reset_cause():
        return machine.cause

    @staticmethod
    def unique_id():
        return b"\x24\x0a\xc4\xa1\xb2\xc3"

    @staticmethod
    def reset():
        raise Reset

    @staticmethod
    def WDT(timeout):
        machine.watchdogs.append(timeout)


sys.modules["esp32"] = esp32
sys.modules["machine"] = machine
