"""The camera: everything is under lib/, put together in lib/app/system.py."""

import asyncio

from aio.late import once

try:
    asyncio.run(once("app.system").made().run())
except KeyboardInterrupt:  # Ctrl-C on the UART, or mpremote
    once("app.system").at_prompt()
