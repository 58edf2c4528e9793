"""app.wifi.roaming: a change to a stronger access point that lasts, while nobody watches."""

import asyncio
import unittest

import suite
from fakes import Log, ended, run

from app.wifi.roaming import Roaming


class WiFi:
    """Finds what `found` says in turn; the last one repeats."""

    def __init__(self, *found):
        self._found = list(found)
        self.scans = 0
        self.roamed = []

    async def stronger(self):
        self.scans += 1
        return self._found.pop(0) if len(self._found) > 1 else self._found[0]

    def roam(self, bssid):
        self.roamed.append(bssid)


class TestRoaming(unittest.TestCase):
    def after(self, minutes, wifi, roam=1, is_busy=lambda: False):
        """Return the access points that were changed to."""

        async def scenario():
            task = asyncio.create_task(Roaming(wifi, {"roam": roam}, is_busy, Log()).run())
            await asyncio.sleep_ms(minutes * 60_000 + 100)
            await ended(task)

        run(scenario())
        return wifi.roamed

    def test_stronger_for_a_minute(self):
        self.assertEqual(self.after(1, WiFi(b"x")), [])
        self.assertEqual(self.after(2, WiFi(b"x")), [b"x"])
        self.assertEqual(self.after(4, WiFi(b"x", b"y", b"x", b"y")), [])
        self.assertEqual(self.after(4, WiFi(b"x", None, b"x", None)), [])

    def test_not_while_somebody_watches_or_without_the_setting(self):
        for options in ({"is_busy": lambda: True}, {"roam": 0}):
            wifi = WiFi(b"x")
            self.assertEqual((self.after(5, wifi, **options), wifi.scans), ([], 0))


suite.main()
