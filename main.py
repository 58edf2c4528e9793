"""The camera: everything is under lib/, put together in lib/app/system.py."""

import asyncio

from app import system

try:
    asyncio.run(system.main())
except KeyboardInterrupt:  # Ctrl-C on the UART, or mpremote
    system.at_prompt()
