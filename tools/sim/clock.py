"""Real-time clock: an offset to the PC's clock, which survives resets but not a power cut."""

import struct
import time

EPOCH_2000 = 946_684_800  # epoch of the ESP32 port, in seconds since 1970
_RTC_MEMORY_BYTES = 2048


class Clock:
    """Stores the offset in a small file, so the interpreter reads the time without a call.

    The file holds a signed 64-bit little-endian number: the nanoseconds to add to the PC's time
    since 1970 to get the board's time since 2000.
    """

    def __init__(self, page):
        self._page = open(page, "w+b", buffering=0)
        self._memory = b""
        self.power_on()

    def power_on(self):
        self._memory = b""
        self.set(0)

    def advance(self, seconds):
        """Move the time on, as if so many seconds had passed."""
        self._page.seek(0)
        (offset,) = struct.unpack("<q", self._page.read(8))
        self._write(offset + int(seconds * 1_000_000_000))

    def set(self, seconds):
        """Set the time, in seconds since 2000."""
        self._write(int(seconds * 1_000_000_000) - time.time_ns())

    def _write(self, offset):
        self._page.seek(0)
        self._page.write(struct.pack("<q", offset))

    def calls(self):
        return {"rtc.set": self.set, "rtc.memory": self.memory}

    def controls(self):
        return {"clock": lambda epoch: self.set(epoch - EPOCH_2000)}

    def memory(self, text=None):
        """Return (hex) or set the 2048 bytes of RTC memory, which survive a reset."""
        if text is None:
            return self._memory.hex()
        self._memory = bytes.fromhex(text)[:_RTC_MEMORY_BYTES]
        return None
