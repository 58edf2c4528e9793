"""Memory of ESP-IDF: the account beside MicroPython's heap that Wi-Fi, TLS and threads draw on.

The sizes were measured on MicroPython 1.25, except where a comment names another source. The model
is one region whose free bytes are one block. The chip has several, and its drivers draw in many
pieces of which only the sum is known. Sockets, the access point, and buffers that come and go with
the traffic were not measured and count as nothing.

With PSRAM the heap is there, and so are the buffers of TLS. Without, the heap starts with HEAP
bytes and grows into the account when the firmware needs more: like py/gc.c it doubles, or takes
all that is left. It never shrinks; on the chip it does so only if a whole part of it is empty.
"""

from errors import DeviceError

HEAP = 56 << 10  # of MicroPython without PSRAM, at the start (MICROPY_GC_INITIAL_HEAP_SIZE)
BLOCK = 110_592  # left for the IDF then, without PSRAM
_WITH_PSRAM = (121 << 10) + 16_384  # 121 KB are free once Wi-Fi has started
_NO_MEM = ("RuntimeError", "Wifi Unknown Error 0x0101")
_DRAWS = {  # what draws -> bytes, and the exception if they are not free; 0: all must not be taken
    "wifi": (16_384, _NO_MEM),  # BLOCK shrinks to 94,208 bytes
    "join": (0, _NO_MEM),
    "tls": (27 << 10, ("OSError", 12)),  # without PSRAM: three connections, but not four
    "thread": (5 << 10, ("OSError", "can't create thread")),  # the port's default stack size
    "lookup": (0, ("OSError", -203)),
}


class IDFMemory:
    """Grants memory or refuses it; the control port can take some for itself.

    `sockets()` returns {descriptor: identity} of the firmware's open sockets: the memory of a TLS
    connection is free again once its socket is closed, even by the garbage collector.
    """

    def __init__(self, psram):
        self.psram = psram
        self.sockets = dict
        self._size = _WITH_PSRAM if psram else BLOCK
        self._reserved = 0
        self._refuse_tls = 0
        self.reset()

    def reset(self):
        self._kept = {"wifi": 0, "thread": 0}  # number of draws
        self._tls = set()  # identities of the sockets
        self._grown = 0  # bytes that the heap has taken
        self._lowest = self.free

    @property
    def free(self):
        return max(0, self._size - self._reserved - self._grown - self._taken())

    def _taken(self):
        kept = {**self._kept, "tls": len(self._tls)}
        return sum(_DRAWS[kind][0] * count for kind, count in kept.items())

    def _update(self, heap):
        """Forget the closed connections, and let the heap grow to hold `heap` bytes."""
        self._tls &= set(self.sockets().values()) if self._tls else set()
        while heap > HEAP + self._grown and self.free:
            self._grown += min(self.free, HEAP + self._grown)
        self._lowest = min(self._lowest, self.free)

    # Calls from the firmware

    def calls(self):
        return {"idf.take": self.take, "idf.give": self.give, "idf.info": self.info}

    def take(self, kind, heap, descriptor=None):
        """Take memory; return the bytes that the IDF has taken of what the heap could have.

        `heap` is the number of bytes in use on the heap without PSRAM, 0 with it. Raise the chip's
        exception if the memory is not free.
        """
        size, error = _DRAWS[kind]
        self._update(heap)
        if kind == "tls":
            self._check_tls(size, error)
            if not self.psram:
                self._tls.add(self.sockets()[descriptor])
        elif self.free < max(size, 1):
            raise DeviceError(*error)
        elif size:
            self._kept[kind] += 1
        self._update(heap)
        return self._taken()

    def _check_tls(self, size, error):
        if self._refuse_tls > 0:
            self._refuse_tls -= 1
        elif self.psram or self.free >= size:
            return
        raise DeviceError(*error)

    def give(self, kind):
        self._kept[kind] -= 1

    def info(self, heap):
        """Return the region as esp32.idf_heap_info reports it."""
        self._update(heap)
        return self._size, self.free, self.free, self._lowest

    # Control requests

    def controls(self):
        return {"memory": self.change}

    def change(self, reserve=None, tls_enomem=None):
        """Take `reserve` bytes of the account from the firmware, until the next request.

        `tls_enomem` fails the next so many TLS connections for lack of memory.
        """
        if tls_enomem is not None:
            self._refuse_tls = tls_enomem
        if reserve is not None:
            self._reserved = reserve
        self._update(0)
        return {"memory": {"free": self.free, "lowest": self._lowest, "heap_grown": self._grown}}
