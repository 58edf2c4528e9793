"""ESP-IDF's log, as in MicroPython's `esp` module (ports/esp32/modesp.c).

Drivers print the errors of the chip's own ones, which go to the UART as long as the level allows.
"""

from time import ticks_ms

LOG_NONE, LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_VERBOSE = range(6)
_level = LOG_ERROR


def osdebug(uart, level=LOG_INFO):
    """Set the log level; a `uart` of None restores the default, LOG_ERROR."""
    global _level
    if not isinstance(level, int):
        raise TypeError("can't convert %s to int" % type(level).__name__)
    _level = LOG_ERROR if uart is None else level


def print_error(tag, text):
    """Print a line as ESP-IDF's ESP_LOGE does."""
    if _level >= LOG_ERROR:
        print("E (%d) %s: %s" % (ticks_ms(), tag, text))
