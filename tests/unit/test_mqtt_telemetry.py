"""app.mqtt.telemetry: JSON every `teleperiod` seconds, at connect and on request."""

import asyncio
import json
import unittest

import suite
from fakes import clock, ended, run

from app.mqtt.telemetry import Telemetry
from config import product


class Parts:
    """Session, clock, log and topics in one."""

    def __init__(self):
        self.up = asyncio.Event()
        self.published = []
        self.error = None
        self.uptime = 3 * 86_400 + 4 * 3_600 + 5 * 60 + 6

    async def publish(self, topic, payload, retain):
        if self.error:
            raise self.error
        assert retain
        self.published.append((clock.now_ms(), topic, json.loads(payload)))

    def tele(self, name):
        return b"tele/cam/" + name.encode()

    def iso(self):
        return "2027-01-02T03:04:05"

    def uptime_s(self):
        return self.uptime


class TestTelemetry(unittest.TestCase):
    def run_case(self, scenario, period=300):
        async def main():
            parts, settings = Parts(), {"teleperiod": period, "retain": 1}
            telemetry = Telemetry(parts, settings, parts, parts, parts, lambda: {"Heap": 7})
            task = asyncio.create_task(telemetry.run())
            await scenario(telemetry, parts, settings)
            await ended(task)

        run(main(), 100_000)

    def test_reports_time_uptime_versions_and_figures(self):
        async def scenario(telemetry, parts, settings):
            parts.up.set()
            await asyncio.sleep_ms(2_000)
            _, topic, state = parts.published[0]
            self.assertEqual((topic, state["Time"]), (b"tele/cam/STATE", "2027-01-02T03:04:05"))
            self.assertEqual((state["Uptime"], state["UptimeSec"]), ("3T04:05:06", parts.uptime))
            self.assertEqual((state["Version"], state["Heap"]), (product.VERSION, 7))
            self.assertEqual(len(state["MicroPython"].split(".")), 3)

        self.run_case(scenario)

    def test_at_connect_then_every_period(self):
        async def scenario(telemetry, parts, settings):
            await asyncio.sleep_ms(1_000_000)
            self.assertEqual(parts.published, [])
            parts.up.set()
            await asyncio.sleep_ms(1_502_000)
            times = [each[0] for each in parts.published]
            self.assertEqual(len(times), 6)
            for a, b in zip(times, times[1:]):
                self.assertTrue(299_000 <= b - a <= 302_000, b - a)

        self.run_case(scenario)

    def test_0_is_off_except_for_requests(self):
        async def scenario(telemetry, parts, settings):
            parts.up.set()
            await asyncio.sleep_ms(10_000_000)
            self.assertEqual(len(parts.published), 0)
            telemetry.request()
            await asyncio.sleep_ms(1_500)
            self.assertEqual(len(parts.published), 1)
            settings["teleperiod"] = 10  # takes effect at once
            await asyncio.sleep_ms(2_000)
            self.assertTrue(len(parts.published) >= 1)
            await asyncio.sleep_ms(9_500)
            self.assertEqual(len(parts.published), 2)

        self.run_case(scenario, 0)

    def test_lost_link_drops_only_that_report(self):
        async def scenario(telemetry, parts, settings):
            parts.error = OSError("gone")
            parts.up.set()
            await asyncio.sleep_ms(301_000)
            parts.error = None
            await asyncio.sleep_ms(303_000)
            self.assertEqual(len(parts.published), 1)

        self.run_case(scenario)


suite.main()
