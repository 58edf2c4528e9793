"""ESP-IDF log level, as in MicroPython's `esp` module (ports/esp32/modesp.c).

The simulated board prints no ESP-IDF log lines, so the level has no further effect.
"""

LOG_NONE, LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_VERBOSE = range(6)
_level = LOG_ERROR


def osdebug(uart, level=LOG_INFO):
    """Set the log level; a `uart` of None restores the default, LOG_ERROR."""
    global _level
    if not isinstance(level, int):
        raise TypeError("can't convert %s to int" % type(level).__name__)
    _level = LOG_ERROR if uart is None else level
