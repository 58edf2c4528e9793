"""The captive portal: the board's own access point and what belongs to it, while it is wanted."""

import asyncio
import gc

from micropython import const

from aio.late import borrow

_RETRY_MS = const(10_000)


class Portal:
    """Made by app.wifi.joining when the access point is to be open; `run` ends when it is closed.

    The hardware's class is `AccessPoint` of the module `radio`.
    """

    def __init__(self, wifi, settings, log, radio, name):
        self._wifi = wifi
        self._settings = settings
        self._log = log
        self._radio = radio
        self._name = name
        self._mode = None

    def answer(self, path):
        """(status, location or "") for a path that nobody serves; None while it is not open."""
        return self._mode.answer(path) if self._mode else None

    async def run(self):
        """Keep the access point open until it is no longer wanted."""
        wifi = self._wifi
        try:
            while wifi.ap_wanted:
                try:
                    radio = borrow(self._radio).AccessPoint(self._name)
                    apmode = borrow("app.wifi.access_point")
                    self._mode = apmode.APMode(wifi, self._settings, self._log, radio)
                    await self._mode.run()
                except OSError as e:
                    self._log.error("ap", "not open: {}".format(e))
                    await asyncio.sleep_ms(_RETRY_MS)
                finally:
                    self._mode = radio = None
            wifi.ap_task = None  # it would keep all this in the heap
        finally:
            wifi.portal = None
            gc.collect()
