"""app.mqtt.publisher: a new picture per interval despite faults and changed settings."""

import asyncio
import unittest

import suite
from fakes import Log, clock, ended, outcome, run, until

from app.camera.camera import CameraFault
from app.mqtt.publisher import ImagePublisher
from app.mqtt.sender import PictureSender

_ZEROS = memoryview(bytes(50_000))


class Frames:
    """Frames, lease and frame in one; `detail` makes pictures of `detail` / quality bytes."""

    usual = "VGA", 8

    def __init__(self):
        self.fault = None
        self.jpeg = b"jpeg"
        self.detail = 0
        self.refuses = ()
        self.refused = ""
        self.leased = 0
        self.size = self.quality = None

    def fresh(self):
        return self

    def renewed(self):
        self.refused = ""
        return self

    async def acquire(self):
        await asyncio.sleep_ms(50)
        if self.size in self.refuses:
            self.refused = "no " + self.size
            raise CameraFault(self.refused)
        if self.fault:
            raise self.fault
        self.leased += 1
        self.size, self.quality = self.size or "VGA", self.quality or 8
        self.view = memoryview(self.jpeg)
        if self.detail:
            self.view = _ZEROS[: self.detail // self.quality]
        return self

    frame = property(lambda self: self)

    def release(self, rest=False):
        self.leased -= 1


class Session:
    """Takes pictures smaller than `limit` bytes, and loses its link on the others."""

    def __init__(self):
        self.connects = 1
        self.limit = 1_000
        self.confirmed = 0
        self.up = asyncio.Event()
        self.up.set()
        self.fault = None
        self.takes_ms = 0
        self.published = []  # (time, topic, start of the payload, retain, QoS)
        self.sizes = []

    async def publish(self, topic, payload, retain=False, qos=0):
        await asyncio.sleep_ms(self.takes_ms)
        if self.fault:
            raise self.fault
        if len(payload) >= self.limit:
            self.connects += 1
        self.published.append((clock.now_ms(), topic, bytes(payload[:600]), retain, qos))
        self.sizes.append(len(payload))

    async def confirm(self):
        await asyncio.sleep_ms(10)
        self.confirmed += 1
        if self.sizes[-1] >= self.limit:
            raise OSError("link lost")


class Lamp:
    def __init__(self):
        self.lit = False
        self.changes = []  # (ms, on)

    def flash(self, on):
        self.lit = on
        self.changes.append((clock.now_ms(), on))


class TestPictureSender(unittest.TestCase):
    def test_a_lost_link_counts_once_on_the_largest_picture_on_its_way(self):
        async def response(error=None):
            await asyncio.sleep_ms(10)
            if error:
                raise error

        async def scenario():
            session, log = Session(), Log()
            session.limit = 1_000_000
            sender = PictureSender(Frames(), session, {"pubmaxbytes": 0}, log)
            sizes = 10_000, 40_000, 20_000
            for losses in (1, 2):
                sent = []
                for size in sizes:
                    sent.append(await sender.send(b"x", (_ZEROS[:size],), False))
                session.connects += 1
                later = await sender.send(b"x", (_ZEROS[:30_000],), False)
                for untried in sent:
                    lost = await outcome(sender.confirm(untried, response(OSError("lost"))))
                    self.assertTrue(isinstance(lost, OSError))
                self.assertEqual(sender.max_bytes, 0 if losses == 1 else 30_000)
                await sender.confirm(later, response())
            self.assertEqual(len(log.errors), 1)
            late = await sender.send(b"x", (_ZEROS[:40_000],), False)
            ended = await outcome(sender.confirm(late, response(asyncio.TimeoutError())))
            self.assertTrue(isinstance(ended, asyncio.TimeoutError))
            self.assertEqual((sender.max_bytes, sender._on_their_way), (30_000, []))

        run(scenario())


class TestPublisher(unittest.TestCase):
    def run_case(self, scenario, interval=10):
        async def main():
            settings = {"pubinterval": interval, "retain": 1, "pubmaxbytes": 0, "deepsleep": 0}
            settings.update(flash=0, flashlead=300)
            frames, session = Frames(), Session()
            publisher = ImagePublisher(frames, session, settings, b"data/cam/image", Log(), Lamp())
            task = asyncio.create_task(publisher.run())
            try:
                await scenario(publisher, frames, session, settings)
            finally:
                await ended(task)
            self.assertEqual((frames.leased, publisher._lamp.lit), (0, False))

        run(main(), 2_000_000)

    def gaps(self, session):
        times = [each[0] for each in session.published]
        return [b - a for a, b in zip(times, times[1:])]

    def test_closed_hours_hold_back_all_but_requests(self):
        class Schedule:
            closed = "the sun is down"

        async def scenario(publisher, frames, session, settings):
            publisher.schedule = schedule = Schedule()
            await asyncio.sleep_ms(60_000)
            self.assertEqual(session.published, [])
            publisher.request()
            await asyncio.sleep_ms(1_000)
            self.assertEqual(len(session.published), 1)
            schedule.closed = ""
            await asyncio.sleep_ms(30_500)
            self.assertEqual(len(session.published), 4)

        self.run_case(scenario)

    def test_without_a_broker_others_get_the_pictures(self):
        class Sink:
            is_wanting = False
            taken = 0

            def wants(self):
                return self.is_wanting

            def take(self, frame):
                assert bytes(frame.view) == b"jpeg"
                self.taken += 1

        async def scenario(publisher, frames, session, settings):
            sink = Sink()
            publisher.sinks.append(sink)
            await asyncio.sleep_ms(30_500)
            self.assertEqual((len(session.published), sink.taken), (3, 3))
            session.up.clear()
            await asyncio.sleep_ms(30_000)
            self.assertEqual((len(session.published), sink.taken), (3, 3))
            sink.is_wanting = True
            await asyncio.sleep_ms(30_000)
            self.assertEqual((len(session.published), sink.taken), (3, 6))

        self.run_case(scenario)

    def test_flash_is_on_for_each_picture_alone(self):
        async def scenario(publisher, frames, session, settings):
            settings["flash"] = 1
            for fault in (None, CameraFault("no picture"), None):
                frames.fault = fault
                publisher._lamp.changes.clear()
                publisher.request()
                await asyncio.sleep_ms(2_000)
                (on_ms, on), (off_ms, off) = publisher._lamp.changes
                self.assertEqual((on, off), (True, False))
                self.assertTrue(350 <= off_ms - on_ms < 450)  # the lead and the capture
            publisher.request()
            await until(lambda: publisher._lamp.lit)  # and the task is cancelled

        self.run_case(scenario, interval=0)

    def test_one_picture_each_interval_retained_at_qos_0(self):
        async def scenario(publisher, frames, session, settings):
            await asyncio.sleep_ms(1_000_500)
            self.assertEqual(len(session.published), 100)
            self.assertEqual(session.published[0][1:], (b"data/cam/image", b"jpeg", True, 0))
            for gap in self.gaps(session):
                self.assertTrue(9_800 < gap < 10_200, gap)
            self.assertEqual((publisher.sent, publisher.dropped), (100, 0))

        self.run_case(scenario)

    def test_0_is_off(self):
        async def scenario(publisher, frames, session, settings):
            await asyncio.sleep_ms(1_000_000)
            self.assertEqual(session.published, [])

        self.run_case(scenario, 0)

    def test_with_deep_sleep_there_are_only_requested_pictures(self):
        class Schedule:
            closed = ""

        async def scenario(publisher, frames, session, settings):
            settings["deepsleep"] = 600
            publisher.schedule = schedule = Schedule()
            await asyncio.sleep_ms(60_000)
            self.assertEqual((session.published, publisher.pending), ([], False))
            publisher.request_due("wake")
            self.assertTrue(publisher.pending)
            session.takes_ms = 5_000
            await asyncio.sleep_ms(4_000)
            self.assertTrue(publisher.pending)
            await until(lambda: not publisher.pending, limit_s=3)
            self.assertEqual(len(session.published), 1)
            session.fault = OSError("link lost")
            publisher.request_due("wake")
            await until(lambda: not publisher.pending, limit_s=10)
            schedule.closed = "the sun is down"
            publisher.request_due("wake")
            self.assertFalse(publisher.pending)

        self.run_case(scenario)

    def test_after_a_bug_no_picture_is_pending(self):  # deep sleep would wait for it for ever
        seen = []

        async def scenario(publisher, frames, session, settings):
            session.fault = ValueError("a bug")
            publisher.request("wake")
            await asyncio.sleep_ms(2_000)
            seen.append(publisher.pending)

        with self.assertRaises(ValueError):
            self.run_case(scenario, interval=0)
        self.assertEqual(seen, [False])

    def test_changed_interval_takes_effect_at_once(self):
        async def scenario(publisher, frames, session, settings):
            await asyncio.sleep_ms(5_000)
            settings["pubinterval"] = 2
            await asyncio.sleep_ms(20_500)
            count = len(session.published)
            self.assertTrue(9 <= count <= 12, count)
            settings["pubinterval"] = 0
            await asyncio.sleep_ms(100_000)
            self.assertEqual(len(session.published), count)

        self.run_case(scenario, 86_400)

    def test_can_be_switched_on_after_a_week(self):
        async def scenario(publisher, frames, session, settings):
            for _ in range(4):
                await asyncio.sleep_ms(10_000)
                clock.ticks_offset += 2 * 24 * 3_600_000  # two days in ticks
            settings["pubinterval"] = 10
            await asyncio.sleep_ms(30_000)
            self.assertTrue(2 <= len(session.published) <= 4, session.published)

        self.run_case(scenario, 0)

    def test_interval_is_kept_across_the_wrap_of_ticks(self):
        async def scenario(publisher, frames, session, settings):
            clock.wrap_soon(25_000)
            await asyncio.sleep_ms(60_500)
            self.assertEqual(len(session.published), 6)
            for gap in self.gaps(session):
                self.assertTrue(9_000 < gap < 11_000, gap)

        self.run_case(scenario)

    def test_interval_is_independent_of_the_wall_clock(self):
        async def scenario(publisher, frames, session, settings):
            for offset in (3_600, -3_600, 10 * 366 * 86_400):
                clock.clock_offset_s = offset
                await asyncio.sleep_ms(20_000)
            clock.clock_offset_s = 0
            await asyncio.sleep_ms(500)
            self.assertEqual(len(session.published), 6)

        self.run_case(scenario)

    def test_lost_link_drops_only_that_picture(self):
        async def scenario(publisher, frames, session, settings):
            for lost in range(1, 4):
                session.fault = OSError("gone")
                await until(lambda n=lost: publisher.dropped == n)
                session.fault = None
                session.connects += 1
                await until(lambda n=lost: publisher.sent == n)
            self.assertEqual(publisher.dropped, 3)

        self.run_case(scenario)

    def test_camera_fault_drops_only_that_picture(self):
        async def scenario(publisher, frames, session, settings):
            frames.fault = CameraFault("no frame")
            await until(lambda: publisher.dropped == 2)
            frames.fault = None
            await until(lambda: publisher.sent == 2)

        self.run_case(scenario)

    def test_without_a_broker_nothing_is_captured_or_queued(self):
        async def scenario(publisher, frames, session, settings):
            session.up.clear()
            await asyncio.sleep_ms(600_000)
            self.assertEqual((publisher.sent, publisher.dropped), (0, 0))
            session.up.set()
            await asyncio.sleep_ms(30_500)
            self.assertTrue(3 <= publisher.sent <= 4, publisher.sent)

        self.run_case(scenario)

    def test_slow_link_skips_pictures_without_queueing(self):
        async def scenario(publisher, frames, session, settings):
            session.takes_ms = 35_000
            await asyncio.sleep_ms(360_000)
            self.assertTrue(9 <= publisher.sent <= 11)
            session.takes_ms = 0
            await until(lambda: publisher.sent >= 12)
            sent = publisher.sent
            await asyncio.sleep_ms(60_000)
            self.assertTrue(publisher.sent - sent <= 8, publisher.sent - sent)

        self.run_case(scenario)

    def test_pictures_that_the_broker_closes_the_link_on_get_smaller(self):
        async def scenario(publisher, frames, session, settings):
            frames.detail, session.limit = 8 * 36_000, 30_000
            self.assertEqual(publisher.sender.limited(), "")
            await until(lambda: publisher.sent == 1)
            sizes = session.sizes
            self.assertEqual(sizes[:2], [36_000, 36_000])
            self.assertTrue(9_000 < sizes[2] <= 18_000, sizes)
            self.assertEqual(
                publisher.sender.limited(),
                "pictures up to 18000 bytes (VGA, quality 28)"
                " because the broker ends the link on 36000 bytes",
            )
            figures = publisher.figures()
            self.assertEqual((figures["MaxBytes"], figures["RefusedBytes"]), (18_000, 36_000))
            self.assertEqual((figures["Size"], figures["Quality"]), ("VGA", 28))
            settings["pubinterval"] = 60
            for _ in range(4 * 60):
                await asyncio.sleep_ms(60_000)
                text = publisher.sender.limited()
                sizes = [int(word) for word in text.split() if word.isdigit()]
                self.assertEqual(sizes, sorted(sizes), text)
            self.assertTrue(publisher.last_bytes > 25_500, publisher.last_bytes)
            self.assertTrue(publisher.dropped < 15, publisher.dropped)
            session.limit = 1_000_000  # the broker has another configuration
            await asyncio.sleep_ms(2 * 3_600_000)
            self.assertEqual((publisher.last_bytes, publisher.sender.limited()), (36_000, ""))

        self.run_case(scenario)

    def test_pictures_that_cannot_get_smaller_are_held_back(self):
        async def scenario(publisher, frames, session, settings):
            frames.jpeg = bytes(2_000)
            await asyncio.sleep_ms(59_000)
            self.assertEqual((len(session.published), publisher.sent), (2, 0))
            frames.jpeg = bytes(999)
            await until(lambda: publisher.sent == 2)
            frames.jpeg = bytes(2_000)
            settings["pubinterval"] = 60
            await asyncio.sleep_ms(4 * 3_600_000)  # retries are rare
            tries = len(session.published) - 2 - 2
            self.assertTrue(5 <= tries <= 13, tries)
            settings["pubinterval"] = 10
            publisher.sender.forget_limit()
            await until(lambda: len(session.published) == 4 + tries + 2)

        self.run_case(scenario)

    def test_budget_lowers_the_quality_and_raises_it_again(self):
        async def scenario(publisher, frames, session, settings):
            frames.detail, session.limit, settings["pubmaxbytes"] = 8 * 36_000, 10**6, 20_000
            started = clock.now_ms()
            await until(lambda: publisher.sent == 1)
            self.assertTrue(clock.now_ms() - started < 11_000)  # another one was taken at once
            await until(lambda: publisher.sent == 3)
            sizes = session.sizes
            self.assertTrue(all(17_000 <= size <= 20_000 for size in sizes[1:]), sizes)
            frames.detail = 8 * 15_000
            await until(lambda: publisher.sent == 5)
            self.assertEqual((publisher.last_bytes, frames.quality), (15_000, 8))
            self.assertEqual(publisher.dropped, 0)

        self.run_case(scenario)

    def test_size_that_the_sensor_refuses_is_left_out(self):
        async def scenario(publisher, frames, session, settings):
            frames.jpeg, settings["pubmaxbytes"] = bytes(900), 1
            frames.refuses = ("HVGA", "CIF")
            await until(lambda: publisher.dropped == 4)
            self.assertEqual(frames.size, "QQVGA")
            settings["pubmaxbytes"] = 0
            await until(lambda: publisher.sent == 1)

        self.run_case(scenario)

    def test_size_that_the_broker_accepted_is_not_confirmed_again(self):
        async def scenario(publisher, frames, session, settings):
            for size in (100, 90, 100, 110, 50):
                frames.jpeg = bytes(size)
                count = publisher.sent
                await until(lambda n=count: publisher.sent > n)
            self.assertEqual(session.confirmed, 2)
            session.connects += 1
            await until(lambda: publisher.sent > 6)
            self.assertEqual(session.confirmed, 3)
            for _ in range(5):  # faults later on the link have other reasons
                dropped, session.fault = publisher.dropped, OSError("reset")
                await until(lambda n=dropped: publisher.dropped > n)
            session.fault = None
            await until(lambda: publisher.sent > 8)

        self.run_case(scenario)

    def test_capture_publishes_one_picture_now(self):
        async def scenario(publisher, frames, session, settings):
            self.assertEqual(publisher.cmd_capture(""), "capturing")
            await asyncio.sleep_ms(1_000)
            self.assertEqual(publisher.sent, 1)
            await asyncio.sleep_ms(100_000)
            self.assertEqual(publisher.sent, 1)
            session.up.clear()
            self.assertEqual(publisher.cmd_capture(""), "no broker")

        self.run_case(scenario, 0)


if __name__ == "__main__":
    suite.main()
