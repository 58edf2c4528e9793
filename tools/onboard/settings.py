# Sent to the board's prompt: functions for values in NVS.
import esp32


def stored(space, key, number):
    """Return a key's i32 if `number` is true, else its bytes; None if it is not stored."""
    nvs = esp32.NVS(space)
    try:
        if number:
            return nvs.get_i32(key)
        data = bytearray(nvs.get_blob(key, bytearray(0)))
        if data:
            nvs.get_blob(key, data)
        return bytes(data)
    except OSError:
        return None


def store(space, key, value):
    """Store a number or bytes; None erases the key."""
    nvs = esp32.NVS(space)
    if value is None:
        try:
            nvs.erase_key(key)
        except OSError:
            pass
    elif isinstance(value, int):
        nvs.set_i32(key, value)
    else:
        _store_blob(nvs, key, value, stored(space, key, False))
    nvs.commit()


def _store_blob(nvs, key, value, old):
    """Store bytes; restore the old ones if there is no room, because ESP-IDF may lose them."""
    try:
        nvs.set_blob(key, value)
    except OSError:
        if old is not None:
            nvs.erase_key(key)
            nvs.set_blob(key, old)
            nvs.commit()
        raise
