"""app.mqtt.commands: commands as messages, their replies, and ignored messages."""

import asyncio
import unittest

import suite
from fakes import Log, clock, ended, outcome, run, until

from aio.reader import Body, Reader
from app.commands import QOS1, RETAIN
from app.mqtt.commands import CommandHandler
from app.mqtt.states import States
from app.mqtt.topics import Topics
from proto.values import BadArgument, UnknownCommand


class Commands:
    def __init__(self):
        self.calls = []
        self.times = []

    async def call(self, name, argument, group=False):
        self.calls.append((name, argument, group))
        self.times.append(clock.now_ms())
        if name == "unknown":
            raise UnknownCommand(name)
        if argument == "bad":
            raise BadArgument("0..9")
        if argument == "bug":
            raise ZeroDivisionError()
        return name.lower(), "now " + argument, RETAIN | QOS1 if name == "power" else 0

    def names(self, group=False):
        return ["power"] if group else ["power", "timer"]


class Session:
    state = "offline"

    def __init__(self):
        self.published = []
        self.error = None

    async def publish(self, topic, payload, retain=False, qos=0):
        if self.error:
            raise self.error
        self.published.append((topic.decode(), bytes(payload).decode(), bool(retain), qos))


class Source:
    def __init__(self, data):
        self._data = data

    async def recv_into(self, view, stall_ms=0):
        n = min(len(view), len(self._data), 7)
        view[:n], self._data = self._data[:n], self._data[n:]
        return n


def make():
    topics = Topics({"topic": "cam", "grouptopic": "cams", "subtopic": "#"}, "DVES_A1B2C3")
    lines, signals = [], []
    commands, session = Commands(), Session()
    states = States(commands, topics, {"retain": 1})
    handler = CommandHandler(commands, topics, states, Log(), lines.append, signals.append)
    handler.lines, handler.signals = lines, signals
    handler.session = states.session = session
    return handler


def send(handler, topic, payload=b"", retained=False):
    """Return (published messages, number of unread bytes) after one message."""
    handler.session.published.clear()
    body = message(payload)

    async def scenario():
        error = await outcome(handler.receive(topic, body, retained))
        assert error is None, error
        await finished(handler)

    run(scenario())
    return handler.session.published, body.left


def message(payload):
    return Body(Reader(Source(payload), bytearray(64), 1_000), len(payload))


async def finished(handler):
    """Run the queued commands."""
    task = asyncio.create_task(handler.run())
    await until(lambda: not handler._waiting and handler._answered == handler.refused)
    await asyncio.sleep_ms(100)
    await ended(task)


async def flood(handler, count, payload=b"", group=False):
    for n in range(count):
        name = "cmnd/{}/n{}".format("cams" if group else "cam", n)
        await handler.receive(name, message(payload), False)


class TestCommandHandler(unittest.TestCase):
    def test_commands_come_on_three_topics(self):
        handler = make()
        for prefix, group in (("cam", False), ("DVES_A1B2C3", False), ("cams", True)):
            published, left = send(handler, "cmnd/{}/power".format(prefix), b"on")
            self.assertEqual(handler._commands.calls.pop(), ("power", "on", group))
            self.assertEqual(published, [("stat/cam/power", "now on", True, 1)])
            self.assertEqual(left, 0)

    def test_other_topics_are_ignored(self):
        handler = make()
        for topic in ("cmnd/other/power", "cmnd/cam", "stat/cam/power", "cmnd", "cmnd/camx/power"):
            self.assertEqual(send(handler, topic, b"on"), ([], 2))
        self.assertEqual(handler._commands.calls, [])

    def test_commands_pause_during_an_update(self):
        handler = make()
        got = []

        async def receive(body, retained):
            got.append((bytes(await body.read_some()), retained))

        handler.data = ("OTA/DVES_A1B2C3/data", receive)
        self.assertEqual(send(handler, "OTA/DVES_A1B2C3/data", b"image"), ([], 0))
        self.assertEqual(send(handler, "OTA/DVES_A1B2C3/data", b"old", True), ([], 0))
        self.assertEqual(send(handler, "OTA/DVES_FFFFFF/data", b"image"), ([], 5))
        self.assertEqual(got, [(b"image", False), (b"old", True)])
        published, _ = send(handler, "cmnd/cam/power", b"on")
        self.assertEqual(published[0][:1] + published[0][2:], ("stat/cam/SYNTAX", False, 0))
        self.assertIn("power: paused", published[0][1])
        self.assertEqual(handler._commands.calls, [])
        send(handler, "cmnd/cam/MQTTOTASTART", b"1")
        self.assertEqual(handler._commands.calls.pop()[0], "MQTTOTASTART")

    def test_deferred_reply(self):
        handler = make()

        async def call(*args):
            return "mqttotastart", None, 0

        handler._commands.call = call
        self.assertEqual(send(handler, "cmnd/cam/mqttotastart", b"1"), ([], 0))
        self.assertEqual((handler.lines, handler.signals), ([], ["command"]))

    def test_query_and_utf8(self):
        handler = make()
        self.assertEqual(send(handler, "cmnd/cam/timer")[0][0][1:], ("now ", False, 0))
        self.assertEqual(send(handler, "cmnd/cam/timer", "ü€".encode())[0][0][1], "now ü€")

    def test_retained_command_is_not_executed(self):
        handler = make()
        for name in ("restart", "power", "unknown"):
            self.assertEqual(send(handler, "cmnd/cam/" + name, b"1", True), ([], 1))
        self.assertEqual((handler._commands.calls, len(handler._log.infos)), ([], 3))

    def test_log_of_many_retained_commands_is_short(self):
        handler = make()

        async def scenario():
            for _ in range(2):
                for n in range(1_000):
                    await handler.receive("cmnd/cam/n{}".format(n), message(b""), True)
                await handler.announce(handler.session)  # a new link

        run(scenario())
        self.assertEqual(len(handler._log.infos), 18)
        self.assertEqual(handler.refused, 0)

    def test_burst_of_500_is_answered_in_order(self):
        handler = make()

        async def scenario():
            await flood(handler, 500)
            await finished(handler)

        run(scenario())
        topics = [topic for topic, _, _, _ in handler.session.published]
        self.assertEqual(topics, ["stat/cam/n{}".format(n) for n in range(500)])
        self.assertEqual(handler.refused, 0)
        times = handler._commands.times
        self.assertTrue(times[-1] - times[0] >= 2_400)  # at most 200 a second

    def test_more_than_the_queue_holds_is_answered_busy(self):
        self.overflow(3_000, b"", 512)
        self.overflow(60, b"x" * 1_024, 31)

    def overflow(self, count, payload, waiting):
        handler = make()

        async def scenario():
            await flood(handler, count, payload, True)
            await finished(handler)
            await flood(handler, 1)
            await finished(handler)

        run(scenario())
        ran = [name for name, _, _ in handler._commands.calls]
        self.assertEqual(ran, ["n{}".format(n) for n in range(waiting)] + ["n0"])
        self.assertEqual(handler.refused, count - waiting)
        busy = [text for _, text, _, _ in handler.session.published if "busy" in text]
        self.assertEqual(len(busy), 1)
        self.assertTrue("busy: {} not run.".format(count - waiting) in busy[0], busy)

    def test_flood_leaves_time_for_other_tasks(self):
        handler = make()
        turns = []  # times at which another task runs

        async def tick():
            while True:
                turns.append(clock.now_ms())
                await asyncio.sleep_ms(1)

        async def scenario():
            await flood(handler, 100)
            tasks = [asyncio.create_task(each) for each in (tick(), handler.run())]
            await until(lambda: not handler._waiting)
            for task in tasks:
                await ended(task)

        run(scenario())
        times = handler._commands.times
        self.assertTrue(len(times) >= 99)
        for before, after in zip(times, times[1:]):
            self.assertTrue(after - before >= 4, (before, after))
            self.assertTrue(any(before <= turn <= after for turn in turns))

    def test_unknown_command_or_bad_argument_gets_help(self):
        handler = make()
        for topic, payload in (
            ("unknown", b""),
            ("timer", b"bad"),
            ("timer", b"\xff\xfe"),
            ("timer", b"bug"),
        ):
            published, _ = send(handler, "cmnd/cam/" + topic, payload)
            self.assertEqual(len(published), 1)
            self.assertEqual(published[0][0], "stat/cam/SYNTAX")
            self.assertTrue(published[0][1].endswith("power, timer"), published)
        self.assertTrue("0..9" in send(handler, "cmnd/cam/timer", b"bad")[0][0][1])

    def test_group_gets_its_own_help(self):
        published, _ = send(make(), "cmnd/cams/unknown")
        self.assertEqual(published, [("stat/cam/SYNTAX", "power", False, 0)])

    def test_bug_is_logged_and_the_next_command_works(self):
        handler = make()
        send(handler, "cmnd/cam/timer", b"bug")
        self.assertEqual(len(handler._log.errors), 1)
        self.assertEqual(len(send(handler, "cmnd/cam/timer", b"5")[0]), 1)

    def test_argument_is_limited_to_1024_bytes(self):
        handler = make()
        self.assertEqual(
            send(handler, "cmnd/cam/timer", b"x" * 1_024)[0][0][1], "now " + "x" * 1_024
        )
        handler._commands.calls.clear()
        published, left = send(handler, "cmnd/cam/timer", b"x" * 1_025)
        self.assertEqual((published[0][0], left), ("stat/cam/SYNTAX", 1_025))
        self.assertEqual(handler._commands.calls, [])

    def test_certificate_has_the_limit_of_its_setting(self):
        handler = make()
        self.assertEqual(len(send(handler, "cmnd/cam/MQTTCA", b"x" * 16_384)[0]), 1)
        self.assertEqual(len(handler._commands.calls), 1)
        published, left = send(handler, "cmnd/cam/mqttca", b"x" * 16_385)
        self.assertEqual((published[0][0], left), ("stat/cam/SYNTAX", 16_385))
        self.assertTrue("at most 16384 bytes" in published[0][1])

    def test_lost_link_drops_only_the_reply(self):
        handler = make()
        handler.session.error = OSError("gone")
        self.assertEqual(send(handler, "cmnd/cam/power", b"on")[0], [])
        self.assertEqual(len(handler._commands.calls), 1)


suite.main()
