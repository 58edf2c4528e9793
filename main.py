"""Starts the camera: Wi-Fi, then everything under lib/, which lib/app/system.py connects."""

import asyncio
import sys
import time

import machine
import micropython

_START_MS = 60_000
_PROMPT_MS = 3_600_000
_CTRL_C = 3

micropython.kbd_intr(-1)  # packets on the UART contain this byte; app.console handles Ctrl-C
machine.WDT(timeout=_START_MS)  # with Ctrl-C off, nothing else ends a start that hangs
try:
    # Inside, because the copy of the application that runs may be broken. Wi-Fi comes first: its
    # buffers need internal RAM, which the heap takes while the application is imported.
    from hal import wifi

    wifi.start()
    from app.system import System

    asyncio.run(System().start().run())
except KeyboardInterrupt:  # Ctrl-C on the UART, or mpremote
    machine.WDT(timeout=_PROMPT_MS)  # it cannot be stopped: leave an hour for work at the prompt
except Exception as e:  # boot.py counts it, and chooses another copy if it happens again and again
    sys.print_exception(e)
    machine.WDT(timeout=_PROMPT_MS)
    micropython.kbd_intr(_CTRL_C)
    time.sleep(2)  # time to read it, or to press Ctrl-C
    machine.reset()
