"""The captive portal: the board's own access point and what belongs to it, while it is wanted."""

import asyncio
import gc

from micropython import const

from aio.late import borrow

_RETRY_MS = const(10_000)


class Portal:
    """Opens and closes the access point as `wifi.ap_wanted` says.

    What works only while it is open is borrowed: app.apmode, and the module `radio` that has the
    hardware's class `AccessPoint`.
    """

    def __init__(self, wifi, settings, log, radio, name):
        self._wifi = wifi
        self._settings = settings
        self._log = log
        self._radio = radio
        self._name = name
        self._mode = None

    def answer(self, path):
        """How to answer a path that nobody serves: (status, location or ""), None = as always.

        The probes by which phones and PCs look for a login page; also right for any request whose
        Host is not the camera's own.
        """
        return self._mode.answer(path) if self._mode and self._wifi.ap_open else None

    async def run(self):
        wifi = self._wifi
        while True:
            await wifi.ap_wanted.wait()
            try:
                radio = borrow(self._radio).AccessPoint(self._name)
                self._mode = borrow("app.apmode").APMode(wifi, self._settings, self._log, radio)
                await self._mode.run()
            except OSError as e:
                self._log.error("ap", "not open: {}".format(e))
                await asyncio.sleep_ms(_RETRY_MS)
            finally:
                self._mode = radio = None
            gc.collect()
