"""Starts the camera: Wi-Fi, then everything under lib/, which lib/app/system.py connects."""

import asyncio
import sys
import time

import machine

_PROMPT_MS = 3_600_000

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
    time.sleep(2)  # time to read it, or to press Ctrl-C
    machine.reset()
