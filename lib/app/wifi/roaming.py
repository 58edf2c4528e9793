"""Changes to another access point of the network that has become much stronger."""

import asyncio

from config import limits


class Roaming:
    """With the setting `roam`, joins an access point that two scans in a row found 10 dB stronger.

    A change interrupts all connections, and a scan the traffic, so neither happens while
    `is_busy()`.
    """

    def __init__(self, wifi, settings, is_busy, log):
        self._wifi = wifi
        self._settings = settings
        self._is_busy = is_busy
        self._log = log

    async def run(self):
        before = None
        while True:
            await asyncio.sleep_ms(limits.WIFI_ROAM_MS)
            found = None
            if self._settings["roam"] and not self._is_busy():
                found = await self._wifi.stronger()
            if found and found == before and not self._is_busy():
                self._log.info("wifi", "another access point is stronger")
                self._wifi.roam(found)
                found = None
            before = found
