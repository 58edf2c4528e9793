"""Non-volatile storage: numbers and bytes over `esp32.NVS`."""

import esp32
from micropython import const

from config import limits

_NOT_FOUND = const(-4354)  # ESP_ERR_NVS_NOT_FOUND


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
        """Return the stored bytes; `default` if there are none, too many, or damaged ones."""
        try:
            data = self._read(key)
        except OSError:
            return default
        return default if data is None else data

    def is_damaged(self, key):
        """Return True if a blob is stored that cannot be read."""
        try:
            self._read(key)
        except OSError as e:
            return e.errno != _NOT_FOUND
        return False

    def _read(self, key):
        """Return the stored bytes, None for more than the limit; raises OSError."""
        size = self._nvs.get_blob(key, bytearray(0))
        if size > limits.NVS_VALUE_BYTES:
            return None
        data = bytearray(size)
        return bytes(data[: self._nvs.get_blob(key, data)]) if size else b""

    def set_int(self, key, value):
        """Store an i32; OSError when the flash is full."""
        self._nvs.set_i32(key, value)

    def set_blob(self, key, data):
        """Store bytes; ValueError for more than the limit, OSError when the flash is full.

        After an error the old value is stored as before: ESP-IDF may have lost it.
        """
        if len(data) > limits.NVS_VALUE_BYTES:
            raise ValueError("too long for NVS")
        old = self.get_blob(key)
        try:
            self._nvs.set_blob(key, data)
        except OSError:
            if old is not None and self.get_blob(key) != old:
                self._restore(key, old)
            raise

    def _restore(self, key, data):
        self.erase(key)  # makes room
        try:
            self._nvs.set_blob(key, data)
            self._nvs.commit()
        except OSError:  # the caller gets the first error
            pass

    def erase(self, key):
        """Erase a key; a missing key is ignored."""
        try:
            self._nvs.erase_key(key)
        except OSError:
            pass

    def commit(self):
        self._nvs.commit()
