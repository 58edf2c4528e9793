"""A start whose Wi-Fi does not start: says so on the UART and with the LED, then pauses.

main.py restarts the chip afterwards, because ESP-IDF does not clean up after a failed start of
Wi-Fi. It has not loaded the application yet, so this is a composition root of its own.
"""

from micropython import const

from app import led
from config import board, limits
from hal import chip
from hal.pins import Output

_MARGIN_S = const(20)
_TEXT = """\
Wi-Fi does not start: {}.
The camera restarts in {} s to try again. Press Ctrl-C to get the prompt instead.
If this happens at every start, remove programs of your own that run before main.py, install the
camera's firmware image, or use a board with PSRAM."""


def wait(error):
    """Print and show that Wi-Fi does not start; return when the next attempt is due."""
    pause_s = limits.WIFI_START_PAUSE_S << chip.count_start_without_wifi()
    print(_TEXT.format(error, pause_s))
    chip.Watchdog(1_000 * (pause_s + _MARGIN_S))  # instead of one that the start has made
    led.hold(Output(board.LED, board.LED_ON), "no Wi-Fi", 1_000 * pause_s)
