"""app.mqtt.kept: the newest pictures of an outage, in order, with bounded memory."""

import asyncio
import json
import unittest

import suite
from fakes import Log, clock, ended, run, until
from test_mqtt_publisher import Session

from app.mqtt.album import Album
from app.mqtt.kept import Kept
from app.mqtt.sender import PictureSender


class Frame:
    def __init__(self, data):
        self.view = memoryview(data)


class Frames:
    at_rest = False


class Topics:
    kept, kept_info = b"data/cam/kept", b"data/cam/kept/info"


class Clock:
    """Counts with the uptime from a time in 2026."""

    def __init__(self):
        self.set = asyncio.Event()
        self.set.set()

    def utc(self):
        return 840_000_000 + clock.now_ms() // 1_000

    def iso_if_set(self, in_s=0):
        return "T{}".format(self.utc() + in_s) if self.set.is_set() else None


class UptimeLog(Log):
    def uptime_s(self):
        return clock.now_ms() // 1_000


class TestKept(unittest.TestCase):
    def run_case(self, scenario, keep=3, most_bytes=500_000, reserve_bytes=500_000):
        async def main():
            settings = {"keep": keep, "mqtthost": "mqtt://broker", "pubmaxbytes": 0}
            session, frames, log, memory = Session(), Frames(), UptimeLog(), [4_000_000]
            session.up.clear()
            sender = PictureSender(frames, session, settings, log)
            album = Album(sender, session, log, lambda: memory[0], most_bytes, reserve_bytes)
            kept = Kept(album, frames, session, settings, Topics, Clock(), log)
            task = asyncio.create_task(kept.run())
            try:
                await scenario(kept, session, settings, memory)
            finally:
                await ended(task)

        run(main(), 100_000)

    def sent(self, session):
        """Return [(info, picture), ...] of what was published."""
        made = session.published
        self.assertTrue(all(not retain and qos == 0 for _, _, _, retain, qos in made))
        self.assertEqual([each[1] for each in made[::2]], [Topics.kept_info] * (len(made) // 2))
        pairs = zip(made[::2], made[1::2])
        return [(json.loads(info[2].decode()), picture[2]) for info, picture in pairs]

    def test_the_newest_in_order_with_their_own_times(self):
        async def scenario(kept, session, settings, memory):
            began = kept._clock.utc()
            for number in range(5):
                kept.take(Frame(b"picture %d" % number))
                await asyncio.sleep_ms(10_000)
            self.assertEqual((kept.waiting, kept.dropped), (3, 2))
            session.up.set()
            await until(lambda: not kept.waiting)
            sent = self.sent(session)
            self.assertEqual(
                [data for _, data in sent], [b"picture 2", b"picture 3", b"picture 4"]
            )
            for number, (info, _) in enumerate(sent):
                age = info["AgeSec"]
                self.assertTrue(abs(age - (30 - 10 * number)) <= 1, info)
                taken = info["Timestamp"] - 946_684_800
                self.assertTrue(abs(taken - began - 20 - 10 * number) <= 1, info)
                self.assertEqual((info["Time"], info["Left"]), ("T%d" % taken, 2 - number))
            self.assertEqual(kept.figures(), {"Waiting": 0, "Sent": 3, "Dropped": 2})

        self.run_case(scenario)

    def test_nothing_is_kept_while_the_broker_is_there_or_by_default(self):
        async def scenario(kept, session, settings, memory):
            session.up.set()
            kept.take(Frame(b"x"))
            session.up.clear()
            settings["keep"] = 0
            kept.take(Frame(b"x"))
            settings.update({"keep": 3, "mqtthost": ""})
            kept.take(Frame(b"x"))
            self.assertEqual((kept.waiting, kept.wants()), (0, False))

        self.run_case(scenario)

    def test_memory_is_bounded_and_given_back(self):
        async def scenario(kept, session, settings, memory):
            for _ in range(6):
                kept.take(Frame(bytes(400)))
            self.assertEqual(kept.waiting, 2)  # of 400 bytes in 1,000
            memory[0] = 1_200
            kept.take(Frame(bytes(400)))
            self.assertEqual(kept.waiting, 0)
            memory[0] = 4_000_000
            for _ in range(3):
                kept.take(Frame(bytes(200)))
            settings["keep"] = 1
            await asyncio.sleep_ms(1_000)
            self.assertEqual(kept.waiting, 1)
            kept._frames.at_rest = True  # an update
            await asyncio.sleep_ms(1_000)
            self.assertEqual((kept.waiting, kept.wants()), (0, False))

        self.run_case(scenario, keep=9, most_bytes=1_000, reserve_bytes=1_000)

    def test_dropped_pictures_are_not_sent_nor_is_one_whose_info_was(self):
        async def scenario(kept, session, settings, memory):
            session.takes_ms = 10_000
            for _ in range(2):
                kept.take(Frame(b"x"))
            session.up.set()
            await until(lambda: kept.sending)
            kept.drop_pictures()
            await until(lambda: not kept.sending)
            await asyncio.sleep_ms(30_000)
            self.assertEqual([each[1] for each in session.published], [Topics.kept_info])
            self.assertEqual((kept.waiting, kept.sent, kept.dropped), (0, 0, 2))

        self.run_case(scenario)

    def test_a_lost_link_sends_the_picture_again_but_not_for_ever(self):
        async def scenario(kept, session, settings, memory):
            session.limit = 100  # the broker closes on pictures of this size
            for data in (b"small", bytes(500), b"last"):
                kept.take(Frame(data))
            session.up.set()
            await until(lambda: not kept.waiting)
            pictures = [each[2] for each in session.published if each[1] == Topics.kept]
            self.assertEqual(pictures, [b"small", bytes(500), bytes(500), b"last"])
            self.assertEqual((kept.sent, kept.dropped), (2, 1))

        self.run_case(scenario)

    def test_a_picture_above_the_size_that_ended_two_links_is_not_sent(self):
        async def scenario(kept, session, settings, memory):
            session.limit = 100
            for data in (bytes(500), bytes(400), b"last"):
                kept.take(Frame(data))
            session.up.set()
            await until(lambda: not kept.waiting)
            pictures = [each[2] for each in session.published if each[1] == Topics.kept]
            self.assertEqual(pictures, [bytes(500), bytes(500), b"last"])
            self.assertEqual((kept.sent, kept.dropped), (1, 2))

        self.run_case(scenario)

    def test_without_the_time_only_the_age_is_known(self):
        async def scenario(kept, session, settings, memory):
            kept._clock.set.clear()
            kept.take(Frame(b"x"))
            await asyncio.sleep_ms(5_000)
            session.up.set()
            await until(lambda: kept.sent)
            info = self.sent(session)[0][0]
            self.assertEqual((info["Time"], info["Timestamp"], info["Left"]), (None, None, 0))
            self.assertTrue(5 <= info["AgeSec"] <= 6)

        self.run_case(scenario)


suite.main()
