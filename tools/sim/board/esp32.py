"""Non-volatile storage of the ESP32, with ESP-IDF's numbers of errors."""

import binascii

import world


def _text(name):
    return name if isinstance(name, str) else bytes(name).decode()


class NVS:
    """A namespace of numbers (i32) and blobs; a value is in flash as soon as it is set."""

    def __init__(self, namespace):
        self._space = _text(namespace)
        world.call("nvs.open", self._space)

    def set_i32(self, key, value):
        if not isinstance(value, int):
            raise TypeError("can't convert %s to int" % type(value).__name__)
        if not -0x80000000 <= value <= 0x7FFFFFFF:
            raise OverflowError("overflow converting long int to machine word")
        world.call("nvs.set", self._space, _text(key), int(value))

    def get_i32(self, key):
        return world.call("nvs.get_i32", self._space, _text(key))

    def set_blob(self, key, value):
        text = binascii.hexlify(_buffer(value)).decode()
        world.call("nvs.set", self._space, _text(key), text)

    def get_blob(self, key, buffer):
        """Read into `buffer`; the length of the value. An empty buffer only asks the length."""
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


def _buffer(value):
    if isinstance(value, (str, bytes)):
        return value
    try:
        return memoryview(value)
    except TypeError:
        raise TypeError("object with buffer protocol required")
