"""The camera: everything is under lib/, put together in lib/app/system.py."""

import asyncio

from app import system

asyncio.run(system.main())
