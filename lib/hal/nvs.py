"""Non-volatile storage: numbers and bytes over `esp32.NVS`."""

import esp32
from micropython import const

MAX_BYTES = const(2_500)  # a larger blob that fails can make later writes fail (ESP-IDF 5.2)


class NVS:
    """A namespace. Keys have at most 15 characters; ESP-IDF compares no more."""

    def __init__(self, namespace):
        self._nvs = esp32.NVS(namespace)

    def get_int(self, key, default=None):
        """Return the stored i32, or `default` if there is none."""
        try:
            return self._nvs.get_i32(key)
        except OSError:
            return default

    def get_blob(self, key, default=None):
        """Return the stored bytes, or `default` if there are none or more than MAX_BYTES."""
        try:
            size = self._nvs.get_blob(key, bytearray(0))
            if size > MAX_BYTES:
                return default
            data = bytearray(size)
            return bytes(data[: self._nvs.get_blob(key, data)]) if size else b""
        except OSError:
            return default

    def set_int(self, key, value):
        """Store an i32; OSError when the flash is full."""
        self._nvs.set_i32(key, value)

    def set_blob(self, key, data):
        """Store bytes; ValueError for more than MAX_BYTES, OSError when the flash is full."""
        if len(data) > MAX_BYTES:
            raise ValueError("too long for NVS")
        self._nvs.set_blob(key, data)

    def erase(self, key):
        """Erase a key; a missing key is ignored."""
        try:
            self._nvs.erase_key(key)
        except OSError:
            pass

    def commit(self):
        self._nvs.commit()
