"""app.deepsleep: what keeps the camera awake, and what it continues with after a sleep."""

import asyncio
import sys
import unittest

import suite


class Things:
    """Attributes, as those of a System and of its components."""

    def __init__(self, **named):
        for name, value in named.items():
            setattr(self, name, value)


class Sleep:
    cause = "timer"
    stored = {}

    def woken_by(self):
        return self.cause

    def recall(self):
        return self.stored

    def remember(self, notes):
        self.stored = dict(notes)

    def release(self, pins):
        self.released = pins


sys.modules["hal"] = hal = Things(sleep=Sleep(), chip=None)

from app.deepsleep import DeepSleep  # noqa: E402 - after the chip is replaced

BSSID = b"\x02\0\0\0\0\7"


class Power:
    on, off_in_s, is_full = False, None, True

    def resume(self, on):
        self.on = on


def a_system():
    """Return a System that may sleep."""
    wifi = Things(up=asyncio.Event(), bssid=BSSID, network=("home", "x"), ap_clients=0)
    wifi.state = "joined"
    wifi.up.set()
    clock = Things(answered=None, set=asyncio.Event())
    handler = Things(busy=False, ran=0)
    return Things(
        settings={"sleepwait": 5},
        session=None,
        telemetry=None,
        outbox=None,
        log=None,
        wifi=wifi,
        clock=clock,
        power=Power(),
        handler=handler,
        status=Things(safe_mode=None, detection=None, polls=0),
        updater=Things(state="idle"),
        restart=Things(pending=False),
        trial=Things(unconfirmed=False),
        telnet=(),
        publisher=Things(pending=False),
        frames=Things(leased=lambda: 0),
        kept=Things(sending=False),
        album=Things(sending=False),
        is_watched=lambda: False,
    )


class TestDeepSleep(unittest.TestCase):
    def test_what_keeps_it_awake(self):
        moves = Things(on=True, pictures=Things(pending=False))
        after = Things(on=False, pictures=Things(pending=True))
        for part, name, value, expected in (
            ("status", "safe_mode", object(), "safe mode"),
            ("updater", "state", "receiving", "an update is under way"),
            ("restart", "pending", True, "a restart is due"),
            ("wifi", "state", "access point", "the access point is open"),
            ("wifi", "ap_clients", 1, "the access point is open"),
            (None, "is_watched", lambda: True, "there is a viewer"),
            (None, "telnet", (1,), "telnet is in use"),
            ("handler", "busy", True, "a command runs"),
            ("publisher", "pending", True, "a picture is being sent"),
            ("frames", "leased", lambda: 1, "a picture is being sent"),
            ("kept", "sending", True, "kept pictures are being sent"),
            ("status", "detection", moves, "there is motion"),
            ("status", "detection", after, "pictures of motion are still to be sent"),
            ("album", "sending", True, "pictures of motion are still to be sent"),
            ("power", "off_in_s", 9, "the power output is timed"),
            ("trial", "unconfirmed", True, "an update is on trial"),
        ):
            system = a_system()
            deep_sleep = DeepSleep(system)
            self.assertEqual(deep_sleep._why_awake(), "")
            setattr(getattr(system, part) if part else system, name, value)
            self.assertEqual(deep_sleep._why_awake(), expected)

    def test_it_continues_with_output_and_access_point(self):
        before = a_system()
        before.power.on = True
        DeepSleep(before)._remember({"failures": 1})
        self.assertEqual(hal.sleep.stored["failures"], 1)
        after = a_system()
        DeepSleep(after).resume()
        self.assertTrue(after.power.on)
        self.assertEqual(after.wifi.remembered[0][:2], (b"home", BSSID))

    def test_the_access_point_is_that_of_the_last_network(self):
        system = a_system()
        DeepSleep(system)._remember({})
        system.wifi.up.clear()  # an outage
        DeepSleep(system)._remember(hal.sleep.stored)
        self.assertTrue("ap" in hal.sleep.stored)
        system.wifi.up.set()
        system.wifi.bssid = None  # the network is hidden
        DeepSleep(system)._remember(hal.sleep.stored)
        self.assertFalse("ap" in hal.sleep.stored)


suite.main()
