"""The camera: everything is under lib/, put together in lib/app/system.py."""

import asyncio
import sys
import time

import machine

try:
    from aio.late import once  # inside: the copy of the application that runs may be broken

    asyncio.run(once("app.system").made().run())
except KeyboardInterrupt:  # Ctrl-C on the UART, or mpremote
    once("app.system").at_prompt()
except Exception as e:  # boot.py counts it, and takes another copy when it goes on so
    sys.print_exception(e)
    time.sleep(2)  # to be read, or for Ctrl-C
    machine.reset()
