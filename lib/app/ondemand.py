"""Components that few users have: in the heap only while their setting says so."""

import asyncio

from micropython import const

from aio.late import borrow

_LOOK_MS = const(500)


class OnDemand:
    """Runs `module.name(*parts)` while the setting is not empty; it ends by itself then."""

    def __init__(self, settings, setting, module, name, *parts):
        self._settings = settings
        self._setting = setting
        self._module = module
        self._name = name
        self._parts = parts

    async def run(self):
        while True:
            if self._settings[self._setting]:
                await getattr(borrow(self._module), self._name)(*self._parts).run()
            await asyncio.sleep_ms(_LOOK_MS)
