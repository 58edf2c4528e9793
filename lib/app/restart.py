"""Restarts that lose nothing: settings saved, broker told, then the reset."""

import asyncio

from proto.values import confirmed


class Restart:
    """Runs a restart a moment after it was asked for, so that the reply still goes out."""

    def __init__(self, settings, params, session, chip, log, grace_ms=500):
        self._settings = settings
        self._params = params
        self._session = session
        self._chip = chip
        self._log = log
        self._grace_ms = grace_ms
        self._asked = asyncio.Event()
        self.erasing = False

    def ask(self):
        self._asked.set()

    def cmd_restart(self, argument):
        confirmed(argument, "restart")
        self.ask()
        return "Restarting"

    def cmd_reset(self, argument):
        confirmed(argument, "erase the settings and restart")
        self.erase()
        return "Reset and Restarting"

    def erase(self):
        """Back to the state of a new board: settings and camera parameters forgotten."""
        self.erasing = True
        self.ask()

    async def run(self):
        await self._asked.wait()
        await asyncio.sleep_ms(self._grace_ms)
        self._log.info("system", "restarting")
        if self.erasing:
            self._forget()
        else:
            self._settings.flush()
        try:
            await asyncio.wait_for_ms(self._session.stop(), 2_000)
        except asyncio.TimeoutError:
            pass
        self._chip.reset()

    def _forget(self):
        """Void now, and wiped by boot.py at the next start, even after a power cut."""
        try:
            self._chip.forget(self._settings.files())
        except OSError as e:
            self._log.error("system", "settings are void, but not wiped: {!r}".format(e))
        self._settings.erase()
        self._params.erase()
