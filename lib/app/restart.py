"""Restarts that lose nothing: settings are saved and the broker gets `Offline` first."""

import asyncio

from config import limits
from proto.values import confirmed


class Restart:
    """Restarts a moment after the request, so that its reply is still sent.

    `discovery` is set by the composition root.
    """

    def __init__(self, settings, params, session, chip, log, grace_ms=limits.RESTART_REPLY_MS):
        self._settings = settings
        self._params = params
        self._session = session
        self._chip = chip
        self._log = log
        self._grace_ms = grace_ms
        self._requested = asyncio.Event()
        self._attempting = False
        self.erasing = False
        self.discovery = None

    def request(self):
        self._requested.set()

    @property
    def pending(self):
        return self._requested.is_set()

    def erase(self):
        """Restart as a new board: settings and camera parameters are erased."""
        self.erasing = True
        self.request()

    def attempt(self):
        """Restart from safe mode to try a normal start."""
        self._attempting = True
        self.request()

    def cmd_restart(self, argument):
        confirmed(argument, "restart")
        self.request()
        return "Restarting"

    def cmd_reset(self, argument):
        confirmed(argument, "erase the settings and restart")
        self.erase()
        return "Reset and Restarting"

    async def run(self):
        await self._requested.wait()
        await asyncio.sleep_ms(self._grace_ms)
        self._log.info("system", "restarting")
        if self.erasing:
            self._forget()
        else:
            self._settings.flush()
        try:
            await asyncio.wait_for_ms(self._go_offline(), limits.RESTART_OFFLINE_MS)
        except asyncio.TimeoutError:
            pass
        if self._attempting:
            self._chip.attempt()
        else:
            self._chip.reset()

    async def _go_offline(self):
        try:
            if self.erasing:
                if self.discovery:
                    await self.discovery.remove()
        except OSError:  # no broker
            pass
        await self._session.stop()

    def _forget(self):
        """Erase the settings; boot.py overwrites them at the next start, after a power cut too."""
        try:
            self._chip.forget(self._settings.files())
        except OSError as e:
            self._log.error("system", "settings are erased, but not overwritten: {!r}".format(e))
        self._settings.erase()
        self._params.erase()
