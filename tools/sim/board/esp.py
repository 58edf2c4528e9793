"""ESP-IDF's log level, as MicroPython's `esp` module sets it (ports/esp32/modesp.c).

The simulated board prints none of ESP-IDF's own lines, so the level has no further effect here.
"""

LOG_NONE, LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_VERBOSE = range(6)
_level = LOG_ERROR


def osdebug(uart, level=LOG_INFO):
    """Set the level; a `uart` of None restores the default, LOG_ERROR, and silences nothing."""
    global _level
    if not isinstance(level, int):
        raise TypeError("can't convert %s to int" % type(level).__name__)
    _level = LOG_ERROR if uart is None else level
