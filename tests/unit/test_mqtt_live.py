"""app.mqtt.live: one picture on the way, within its time, despite slow brokers and lost links."""

import asyncio
import json
import unittest

import suite
from fakes import Log, WallClock, clock, ended, run, until
from test_mqtt_publisher import Frames as OtherFrames

from app.camera.camera import CameraFault
from app.commands import HELP, NAME, TABLE
from app.mqtt.live import Live
from app.mqtt.outbox import Message
from app.mqtt.sender import PictureSender
from config import limits
from proto.values import BadArgument


class Frames(OtherFrames):
    time_ns = 1_795_764_600_250_000_000

    def __init__(self):
        super().__init__()
        self.detail = 80_000
        self.stopped = self.missing = ""

    def absent(self):
        return self.missing

    def acquire(self):
        if self.stopped:
            self.fault = CameraFault(self.stopped)
        return super().acquire()

    def timestamp(self):
        return "1795764600.250000"


class Session:
    """Acknowledges each report after `takes_ms`; QoS 0 takes no time."""

    def __init__(self):
        self.up = asyncio.Event()
        self.up.set()
        self.connects = 1
        self.takes_ms = 30
        self.pictures = []  # (time, size)
        self.reports = []
        self.flying = self.most = 0  # pictures without an acknowledged report

    async def publish(self, topic, payload, retain=False, qos=0):
        assert not retain
        if qos:
            assert topic == b"tele/cam/LIVE"
            self.reports.append(json.loads(payload.decode()))
            message = Message(len(self.reports), topic, payload, retain)
            asyncio.create_task(self._acknowledge(message))
            return message
        if not self.up.is_set():
            raise OSError("not connected")
        assert topic == b"data/cam/live"
        self.pictures.append((clock.now_ms(), len(payload)))
        self.flying += 1
        self.most = max(self.most, self.flying)

    async def _acknowledge(self, message):
        await asyncio.sleep_ms(self.takes_ms)
        await self.up.wait()
        self.flying = 0
        message.acknowledged.set()

    def lose_link(self):
        self.up.clear()

    def connect(self):
        self.connects += 1
        self.up.set()


class Topics:
    live = b"data/cam/live"

    def tele(self, name):
        return b"tele/cam/" + name.encode()


class TestLive(unittest.TestCase):
    def run_case(self, scenario, **settings):
        async def main():
            values = {"pubmaxbytes": 0}
            values.update(settings)
            frames, session, log = Frames(), Session(), Log()
            sender = PictureSender(frames, session, values, log)
            live = Live(frames, sender, session, Topics(), WallClock(), log)
            task = asyncio.create_task(live.run())
            try:
                await scenario(live, frames, session)
            finally:
                await ended(task)
            self.assertEqual((frames.leased, session.most <= 1), (0, True))

        run(main(), 100_000)

    def test_for_so_many_seconds_at_the_usual_rate(self):
        async def scenario(live, frames, session):
            self.assertEqual(live.cmd_live(""), "0")
            self.assertEqual(live.cmd_live("10"), "10")
            await asyncio.sleep_ms(4_500)
            self.assertEqual(live.cmd_live(""), "6")
            await asyncio.sleep_ms(60_000)
            self.assertEqual((live.left_s, live.cmd_live("")), (0, "0"))
            self.assertTrue(48 <= len(session.pictures) <= 50, len(session.pictures))
            report, last = session.reports[20], session.reports[-1]
            self.assertTrue(4.8 <= report["FPS"] <= 5.1, report)
            self.assertEqual((report["Frames"], report["Bytes"]), (21, 10_000))
            self.assertEqual((report["Timestamp"], report["Reason"]), (1795764600.25, ""))
            self.assertEqual((last["SecondsLeft"], last["Reason"]), (0, "the time is over"))
            self.assertEqual(len(session.reports), len(session.pictures) + 1)

        self.run_case(scenario)

    def test_the_rate_of_the_command_counts(self):
        async def scenario(live, frames, session):
            for rate, count in (("0.5", 5), ("2", 20), ("10", 98)):
                self.assertEqual(live.cmd_live("10," + rate), "10")
                before = len(session.pictures)
                await until(lambda: not live.left_s)
                found = len(session.pictures) - before
                self.assertTrue(count - 3 <= found <= count + 2, (rate, found))
                await asyncio.sleep_ms(100)

        self.run_case(scenario)

    def test_a_slow_broker_slows_it_down(self):
        async def scenario(live, frames, session):
            session.takes_ms = 900
            live.cmd_live("20,10")
            await until(lambda: not live.left_s)
            self.assertTrue(20 <= len(session.pictures) <= 23, len(session.pictures))
            self.assertTrue(1.0 <= session.reports[-1]["FPS"] <= 1.2)

        self.run_case(scenario)

    def test_a_broker_that_no_longer_responds_gets_one_picture(self):
        async def scenario(live, frames, session):
            session.takes_ms = 500_000
            live.cmd_live("10")
            await asyncio.sleep_ms(5_000)
            live.cmd_live("20")
            await until(lambda: not live.left_s)
            await asyncio.sleep_ms(1_000)
            self.assertEqual(len(session.pictures), 1)
            self.assertEqual(session.reports[-1]["Reason"], "the time is over")

        self.run_case(scenario)

    def test_a_further_command_prolongs_and_never_shortens_it(self):
        async def scenario(live, frames, session):
            live.cmd_live("30,2")
            await asyncio.sleep_ms(5_000)
            self.assertEqual(live.cmd_live("5"), "25")
            await asyncio.sleep_ms(5_000)
            self.assertEqual(live.cmd_live("60"), "60")
            count = len(session.pictures)
            await asyncio.sleep_ms(30_000)
            self.assertTrue(58 <= len(session.pictures) - count <= 61)  # the rate stays

        self.run_case(scenario)

    def test_0_ends_it(self):
        async def scenario(live, frames, session):
            live.cmd_live("30,0.1")
            await asyncio.sleep_ms(1_000)
            self.assertEqual(live.cmd_live("0"), "0")
            await asyncio.sleep_ms(100)
            self.assertEqual(session.reports[-1]["Reason"], "ended by a command")
            await asyncio.sleep_ms(60_000)
            self.assertEqual((len(session.pictures), len(session.reports)), (1, 2))
            self.assertEqual(live.cmd_live("0"), "0")
            live.cmd_live("5")
            await asyncio.sleep_ms(1_000)
            self.assertEqual((session.reports[-1]["Reason"], live.frames), ("", 5))

        self.run_case(scenario)

    def test_it_goes_on_after_a_lost_link_within_its_time(self):
        async def scenario(live, frames, session):
            live.cmd_live("60")
            await asyncio.sleep_ms(5_000)
            session.lose_link()
            await asyncio.sleep_ms(100)
            count, began = len(session.pictures), clock.now_ms()
            await asyncio.sleep_ms(20_000)
            self.assertEqual(len(session.pictures), count)
            self.assertEqual(live.cmd_live("5"), "no broker")
            session.flying = 0  # they are lost
            session.connect()
            await until(lambda: len(session.pictures) > count + 10)
            self.assertTrue(clock.now_ms() - began < 25_000)
            await until(lambda: not live.left_s)
            session.lose_link()
            await asyncio.sleep_ms(100)

        self.run_case(scenario)

    def test_privacy_and_updates_end_it_and_refuse_it(self):
        async def scenario(live, frames, session):
            for reason in ("privacy is on", "an update is under way"):
                live.cmd_live("60")
                await asyncio.sleep_ms(1_000)
                frames.stopped = reason
                if reason[0] == "p":
                    live.follow()
                await until(lambda: not live.left_s)
                await asyncio.sleep_ms(200)
                count = len(session.pictures)
                self.assertEqual(session.reports[-1]["Reason"], reason)
                self.assertEqual(live.cmd_live("60"), "no picture: " + reason)
                await asyncio.sleep_ms(10_000)
                frames.stopped, frames.fault = "", None
                await asyncio.sleep_ms(10_000)
                self.assertEqual(len(session.pictures), count)

        self.run_case(scenario)

    def test_a_fault_of_the_camera_only_delays_it(self):
        async def scenario(live, frames, session):
            frames.missing = "no sensor"
            self.assertEqual(live.cmd_live("60"), "no picture: no sensor")
            frames.missing, frames.fault = "", CameraFault("no frame")
            live.cmd_live("60")
            await asyncio.sleep_ms(5_000)
            self.assertEqual((len(session.pictures), live.left_s), (0, 55))
            frames.fault = None
            await until(lambda: len(session.pictures) == 10)

        self.run_case(scenario)

    def test_pictures_stay_within_pubmaxbytes(self):
        async def scenario(live, frames, session):
            live.cmd_live("20")
            await until(lambda: not live.left_s)
            sizes = [size for _, size in session.pictures]
            self.assertTrue(len(sizes) > 80 and max(sizes) <= 5_000, sizes)

        self.run_case(scenario, pubmaxbytes=5_000)

    def test_a_picture_on_which_the_broker_ends_the_link_gets_smaller(self):
        async def scenario(live, frames, session):
            async def publish(topic, payload, retain=False, qos=0):
                if not qos and len(payload) > 8_000:
                    session.lose_link()
                    session.connect()
                    raise OSError("reset")
                return await accepted(topic, payload, retain, qos)

            accepted, session.publish = session.publish, publish
            live.cmd_live("30")
            await until(lambda: len(session.pictures) > 10)
            self.assertTrue("because the broker" in live._sender.limited())
            self.assertTrue(max([size for _, size in session.pictures]) <= 8_000)

        self.run_case(scenario)

    def test_a_picture_from_before_the_clock_was_set_has_no_timestamp(self):
        async def scenario(live, frames, session):
            live._clock.since_ns = 1 << 62
            live.cmd_live("1")
            await until(lambda: not live.left_s)
            self.assertEqual(session.reports[0]["Timestamp"], None)

        self.run_case(scenario)

    def test_bad_arguments_change_nothing(self):
        async def scenario(live, frames, session):
            most = limits.LIVE_S
            for text in "x -1 {} 5, 5,0 5,31 5,x 5,nan ,5 1e2".format(most + 1).split():
                try:
                    live.cmd_live(text)
                    self.fail(text)
                except BadArgument as e:
                    text = "0..{}[,0.1..30]  seconds, pictures per second".format(most)
                    self.assertEqual(str(e), text)
            (about,) = [row[HELP] for row in TABLE if row[NAME] == "live"]
            self.assertEqual(about.split()[0], text.split()[0])
            self.assertEqual(live.left_s, 0)
            self.assertEqual(live.cmd_live("10.0, 5"), "10")

        self.run_case(scenario)


suite.main()
