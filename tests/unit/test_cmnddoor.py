"""app.mqtt.commands: commands as messages, their replies, and what is not executed."""

import unittest

from fakes import Log, outcome, run

from aio.reader import Body, Reader
from app.commands import QOS1, RETAIN
from app.mqtt.commands import CommandDoor
from app.mqtt.topics import Topics
from proto.values import BadArgument, UnknownCommand


class Commands:
    def __init__(self):
        self.calls = []

    async def call(self, name, argument, group=False):
        self.calls.append((name, argument, group))
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
    said, happened = [], []
    door = CommandDoor(Commands(), topics, Log(), said.append, happened.append)
    door.said, door.happened = said, happened
    door.session = Session()
    return door


def send(door, topic, payload=b"", retained=False):
    """What was published, and what is left unread, after one message."""
    door.session.published.clear()
    body = Body(Reader(Source(payload), bytearray(2_048), 1_000), len(payload))
    error = run(outcome(door.receive(topic, body, retained)))
    assert error is None, error
    return door.session.published, body.left


class TestCommandDoor(unittest.TestCase):
    def test_each_topic_is_heard(self):
        door = make()
        for prefix, group in (("cam", False), ("DVES_A1B2C3", False), ("cams", True)):
            published, left = send(door, "cmnd/{}/power".format(prefix), b"on")
            self.assertEqual(door._commands.calls.pop(), ("power", "on", group))
            self.assertEqual(published, [("stat/cam/power", "now on", True, 1)])
            self.assertEqual(left, 0)

    def test_other_topics_are_not_ours(self):
        door = make()
        for topic in ("cmnd/other/power", "cmnd/cam", "stat/cam/power", "cmnd", "cmnd/camx/power"):
            self.assertEqual(send(door, topic, b"on"), ([], 2))
        self.assertEqual(door._commands.calls, [])

    def test_while_other_data_is_awaited_commands_pause(self):
        door = make()
        got = []

        async def receive(body, retained):
            got.append((bytes(await body.some()), retained))

        door.data = ("OTA/DVES_A1B2C3/data", receive)
        self.assertEqual(send(door, "OTA/DVES_A1B2C3/data", b"image"), ([], 0))
        self.assertEqual(send(door, "OTA/DVES_A1B2C3/data", b"old", True), ([], 0))
        self.assertEqual(send(door, "OTA/DVES_FFFFFF/data", b"image"), ([], 5))
        self.assertEqual(got, [(b"image", False), (b"old", True)])
        published, _ = send(door, "cmnd/cam/power", b"on")
        self.assertEqual(published[0][:1] + published[0][2:], ("stat/cam/SYNTAX", False, 0))
        self.assertIn("power: paused", published[0][1])
        self.assertEqual(door._commands.calls, [])
        send(door, "cmnd/cam/MQTTOTASTART", b"1")
        self.assertEqual(door._commands.calls.pop()[0], "MQTTOTASTART")

    def test_a_reply_that_comes_later(self):
        door = make()

        async def call(name, argument, group):
            return "mqttotastart", None, 0

        door._commands.call = call
        self.assertEqual(send(door, "cmnd/cam/mqttotastart", b"1"), ([], 0))
        self.assertEqual((door.said, door.happened), ([], ["command"]))

    def test_query_and_utf8(self):
        door = make()
        self.assertEqual(send(door, "cmnd/cam/timer")[0][0][1:], ("now ", False, 0))
        self.assertEqual(send(door, "cmnd/cam/timer", "ü€".encode())[0][0][1], "now ü€")

    def test_retained_command_is_not_executed(self):
        door = make()
        for name in ("restart", "power", "unknown"):
            self.assertEqual(send(door, "cmnd/cam/" + name, b"1", True), ([], 1))
        self.assertEqual((door._commands.calls, door.ignored), ([], 3))

    def test_unknown_or_bad_gets_the_list(self):
        door = make()
        for topic, payload in (
            ("unknown", b""),
            ("timer", b"bad"),
            ("timer", b"\xff\xfe"),
            ("timer", b"bug"),
        ):
            published, _ = send(door, "cmnd/cam/" + topic, payload)
            self.assertEqual(len(published), 1)
            self.assertEqual(published[0][0], "stat/cam/SYNTAX")
            self.assertTrue(published[0][1].endswith("power, timer"), published)
        self.assertTrue("0..9" in send(door, "cmnd/cam/timer", b"bad")[0][0][1])

    def test_a_group_gets_its_own_list(self):
        published, _ = send(make(), "cmnd/cams/unknown")
        self.assertEqual(published, [("stat/cam/SYNTAX", "power", False, 0)])

    def test_own_bug_is_logged_and_ends_nothing(self):
        door = make()
        send(door, "cmnd/cam/timer", b"bug")
        self.assertEqual(len(door._log.errors), 1)
        self.assertEqual(len(send(door, "cmnd/cam/timer", b"5")[0]), 1)

    def test_long_argument(self):
        door = make()
        self.assertEqual(send(door, "cmnd/cam/timer", b"x" * 1_024)[0][0][1], "now " + "x" * 1_024)
        door._commands.calls.clear()
        published, left = send(door, "cmnd/cam/timer", b"x" * 1_025)
        self.assertEqual((published[0][0], left), ("stat/cam/SYNTAX", 1_025))
        self.assertEqual(door._commands.calls, [])

    def test_lost_link_costs_the_reply_only(self):
        door = make()
        door.session.error = OSError("gone")
        self.assertEqual(send(door, "cmnd/cam/power", b"on")[0], [])
        self.assertEqual(len(door._commands.calls), 1)

    def test_greetings(self):
        door = make()
        run(door.greet(door.session))
        published = {each[0]: each[1:] for each in door.session.published}
        self.assertEqual(published["stat/cam/FALLBACKTOPIC"][0], "DVES_A1B2C3")
        self.assertEqual(published["stat/cam/power"][1:], (True, 1))
        self.assertEqual(
            sorted(published),
            ["stat/cam/" + n for n in ("FALLBACKTOPIC", "NAME", "VERSION", "power", "timer")],
        )


unittest.main()
