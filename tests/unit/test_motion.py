"""app.motion: events, their messages and pictures, and a sensor at a pin."""

import asyncio
import json
import unittest

import suite
from fakes import Log, clock, ended, run, settings_on, until

from app.camera.camera import CameraFault
from app.motion.motion import PICTURE, PIN, Motion
from app.motion.pictures import EventPictures
from app.motion.pin import PinWatcher, check_pin
from app.motion.watcher import PictureWatcher
from app.mqtt.album import Album
from app.mqtt.sender import PictureSender
from app.mqtt.topics import Topics
from config import limits
from proto.values import BadArgument

TOPIC = b"tele/esp32-mqtt-cam/MOTION"


class Frame:
    time_ns, quality = 1, 8

    def __init__(self, number, size=100):
        self.number = number
        self.view = memoryview(bytes((number,)) * size)


class Frames:
    """Exposes a picture every 50 ms, numbered from 1; it is its own lease."""

    at_rest = False

    def __init__(self):
        self.fault = self.give_up = None
        self.number = self.held = 0
        self.size = 100

    def fresh(self):
        return self

    renewed = fresh

    async def acquire(self):
        await asyncio.sleep_ms(50)
        if self.fault:
            raise self.fault
        self.number += 1
        self.held += 1
        return Frame(self.number % 256, self.size)

    def release(self):
        self.held -= 1


class Session:
    """Records what is published as (topic, payload, retain, qos); a lost link raises OSError."""

    def __init__(self):
        self.up = asyncio.Event()
        self.up.set()
        self.connects = 1
        self.published = []
        self.takes_ms = 0
        self.fails = 0

    async def publish(self, topic, payload, retain=False, qos=0):
        await asyncio.sleep_ms(self.takes_ms)
        if self.fails:
            self.fails -= 1
            raise OSError("link lost")
        self.published.append((topic, bytes(payload), retain, qos))

    async def confirm(self):
        pass

    def states(self):
        """Return the messages of the state."""
        return [json.loads(each[1]) for each in self.published if each[0] == TOPIC]

    def pictures(self):
        """Return [(number in the topic, picture's number), ...]."""
        found = [each for each in self.published if each[0] != TOPIC]
        return [(int(topic.decode().rsplit("/", 1)[1]), data[0]) for topic, data, _, _ in found]


class Meta:
    def __init__(self):
        self.seen = []

    async def publish(self, picture, parts, trigger):
        self.seen.append((picture.number, len(parts[0]), trigger))


class TimeOf:
    def iso_if_set(self):
        return "T{}".format(clock.now_ms() // 1_000)


class View:
    """Stands in for the watcher of the picture."""

    reason = ""

    async def run(self):
        await asyncio.sleep_ms(10_000_000)


class Broken(View):
    async def run(self):
        raise ValueError("a bug")


class MotionTestCase(unittest.TestCase):
    def run_case(self, scenario, view=None, most_bytes=10_000, **values):
        async def main():
            self.settings = settings_on(values=values)
            self.session, self.frames, self.log = Session(), Frames(), Log()
            topics = Topics(self.settings, "DVES_A1B2C3")
            self.sender = PictureSender(self.frames, self.session, self.settings, self.log)
            self.album = Album(
                self.sender, self.session, self.log, lambda: 4_000_000, most_bytes, 1_000
            )
            self.meta = Meta()
            self.pictures = EventPictures(
                self.album, self.frames, self.session, self.settings, topics, self.meta
            )
            self.motion = Motion(
                self.settings, self.session, topics, TimeOf(), self.log, self.pictures
            )
            self.motion.watch(view or View(), View())
            task = asyncio.create_task(self.motion.run())
            try:
                await scenario(self.motion, self.session)
            finally:
                await ended(task)

        run(main(), 100_000)

    def take(self, *numbers):
        for number in numbers:
            self.pictures.take(Frame(number))


class TestEvent(MotionTestCase):
    def test_it_begins_at_once_and_ends_after_the_pause(self):
        async def scenario(motion, session):
            await asyncio.sleep_ms(200)
            self.assertEqual([each["State"] for each in session.states()], ["off"])
            motion.note(PICTURE, 60, 4)
            await asyncio.sleep_ms(200)
            began = session.states()[1]
            self.assertEqual((began["State"], began["Source"]), ("on", "picture"))
            self.assertEqual((began["Score"], began["Cells"]), (60, 4))
            for score in (90, 70):
                await asyncio.sleep_ms(4_000)
                motion.note(PICTURE, score, 9)
            await asyncio.sleep_ms(4_500)
            self.assertTrue(motion.on)
            await asyncio.sleep_ms(1_000)
            self.assertFalse(motion.on)
            ended = session.states()[2]
            self.assertEqual((ended["State"], ended["Score"], ended["Cells"]), ("off", 90, 9))
            lasted_s = int(ended["Time"][1:]) - int(began["Time"][1:])
            self.assertTrue(13 <= lasted_s <= 14, lasted_s)
            self.assertEqual((len(session.states()), motion.events), (3, 1))

        self.run_case(scenario, motionpause="5")

    def test_messages_are_retained_and_outlive_the_link_unless_retain_is_off(self):
        async def scenario(motion, session):
            await asyncio.sleep_ms(200)
            self.assertEqual(session.published[0][2:], (True, True))
            self.settings.put("retain", 0)
            motion.note(PIN)
            await asyncio.sleep_ms(200)
            self.assertEqual(session.published[1][2:], (False, False))

        self.run_case(scenario)

    def test_each_link_gets_the_state_and_only_the_newest_one(self):
        async def scenario(motion, session):
            session.up.clear()
            await asyncio.sleep_ms(1_000)
            motion.note(PIN)
            await asyncio.sleep_ms(20_000)
            motion.note(PIN)
            self.assertEqual(session.states(), [])
            session.up.set()
            session.fails = 1
            await asyncio.sleep_ms(1_000)
            session.connects += 1
            await asyncio.sleep_ms(1_000)
            self.assertEqual([each["State"] for each in session.states()], ["on", "on"])

        self.run_case(scenario)

    def test_switching_it_off_ends_the_event(self):
        async def scenario(motion, session):
            task = asyncio.create_task(motion.run())
            await asyncio.sleep_ms(200)
            motion.note(PIN)
            await asyncio.sleep_ms(200)
            await ended(task)
            self.assertFalse(motion.on)
            self.assertEqual(session.states()[-1]["State"], "off")

        self.run_case(scenario)

    def test_switching_it_off_without_a_broker_is_told_later(self):
        async def scenario(motion, session):
            motion.note(PIN)
            await until(lambda: session.states())
            session.up.clear()
            await asyncio.sleep_ms(1_000)

        self.run_case(scenario)  # its end cancels the task, as a change of the setting does
        self.assertEqual([each["State"] for each in self.session.states()], ["on", "off"])
        self.assertEqual(self.session.published[-1][2:], (True, 1))  # QoS 1 waits for the link

    def test_without_a_broker_the_end_of_no_event_is_not_told(self):
        async def scenario(motion, session):
            await until(lambda: session.states())
            session.up.clear()
            await asyncio.sleep_ms(1_000)

        self.run_case(scenario)
        self.assertEqual([each["State"] for each in self.session.states()], ["off"])

    def test_a_bug_in_a_watcher_reaches_the_supervisor(self):
        async def scenario(motion, session):
            with self.assertRaises(ValueError):
                await motion.run()

        self.run_case(scenario, view=Broken())


class TestPictures(MotionTestCase):
    def test_before_at_and_after_with_numbers_in_order_of_exposure(self):
        async def scenario(motion, session):
            self.take(1, 2, 3, 4)
            motion.note(PICTURE, 60, 4)
            self.take(5, 6, 7, 8, 9)
            await until(lambda: len(session.pictures()) == 5)
            await asyncio.sleep_ms(1_000)
            self.assertEqual(session.pictures(), [(1, 3), (2, 4), (3, 5), (4, 6), (5, 7)])
            topic, _, retain, qos = [each for each in session.published if each[0] != TOPIC][0]
            self.assertEqual((topic, retain, qos), (b"data/esp32-mqtt-cam/motion/1", False, 0))
            self.assertEqual(self.meta.seen[0], (1, 100, "motion"))
            self.assertEqual(self.pictures.sent, 5)

        self.run_case(scenario, motionpictures="2")

    def test_soon_after_the_start_the_first_numbers_are_missing(self):
        async def scenario(motion, session):
            self.take(1)
            motion.note(PIN)
            self.take(2, 3, 4, 5)
            await until(lambda: len(session.pictures()) == 5)
            self.assertEqual(session.pictures(), [(3, 1), (4, 2), (5, 3), (6, 4), (7, 5)])

        self.run_case(scenario, motionpictures="3")

    def test_pictures_long_after_the_event_do_not_belong_to_it(self):
        async def scenario(motion, session):
            self.take(1)
            motion.note(PIN)
            self.take(2)
            await until(lambda: len(session.pictures()) == 2)
            await asyncio.sleep(61)  # the sensor fails
            self.take(3, 4)
            motion.note(PIN)
            self.take(5)
            self.settings.put("motionpictures", 0)
            self.take(6)
            self.settings.put("motionpictures", 1)
            self.take(7)
            await asyncio.sleep_ms(1_000)
            self.assertEqual(session.pictures(), [(1, 1), (2, 2), (1, 4), (2, 5)])

        self.run_case(scenario, motionpictures="1")

    def test_pending_until_all_of_an_event_are_taken_and_sent(self):
        """The camera must not sleep meanwhile."""

        async def scenario(motion, session):
            self.take(1)
            self.assertFalse(self.pictures.pending)
            motion.note(PIN)
            self.take(2)
            await until(lambda: len(session.pictures()) == 2)
            self.assertTrue(self.pictures.pending)  # one is to be taken
            self.take(3)
            self.assertTrue(self.pictures.pending)
            await until(lambda: len(session.pictures()) == 3)
            await asyncio.sleep_ms(100)
            self.assertFalse(self.pictures.pending)
            motion.note(PIN)
            self.pictures.begin()
            await asyncio.sleep(61)  # the sensor fails
            self.assertFalse(self.pictures.pending)
            self.pictures.begin()
            self.take(4, 5)
            session.up.clear()
            self.assertFalse(self.pictures.pending)

        self.run_case(scenario, motionpictures="1")

    def test_none_by_default(self):
        async def scenario(motion, session):
            self.take(1)
            motion.note(PIN)
            self.take(2)
            await asyncio.sleep_ms(1_000)
            self.assertEqual((session.pictures(), self.album.pictures), ([], []))

        self.run_case(scenario)

    def test_the_ring_reuses_its_memory_and_is_bounded_in_bytes(self):
        async def scenario(motion, session):
            self.take(1, 2, 3)
            memory = self.album.pictures[0].memory
            self.take(4)
            self.assertTrue(self.album.pictures[-1].memory is memory)
            self.assertEqual([each.view[0] for each in self.album.pictures], [2, 3, 4])
            self.pictures.take(Frame(5, 250))
            self.assertEqual([each.view[0] for each in self.album.pictures], [5])

        self.run_case(scenario, motionpictures="3", most_bytes=300)

    def test_without_a_broker_they_wait_and_a_lost_link_sends_one_again(self):
        async def scenario(motion, session):
            session.up.clear()
            self.take(1)
            motion.note(PIN)
            self.take(2, 3)
            await asyncio.sleep_ms(60_000)
            self.assertEqual(session.published, [])
            session.up.set()
            await until(lambda: len(session.states()) == 1)
            await until(lambda: len(session.pictures()) == 3)
            self.assertEqual(session.pictures(), [(1, 1), (2, 2), (3, 3)])

        self.run_case(scenario, motionpictures="1")

    def test_a_link_that_ends_is_one_try_even_before_the_session_notices(self):
        async def scenario(motion, session):
            await asyncio.sleep_ms(200)
            work, session.publish = session.publish, broken
            self.take(1)
            self.pictures.begin()
            self.take(2, 3)
            await lost.wait()
            session.publish = work
            await until(lambda: not self.album.pictures)
            self.assertEqual(session.pictures(), [(1, 1), (2, 2), (3, 3)])
            self.assertEqual((self.sender.max_bytes, self.album.dropped), (0, 0))

        async def broken(*_):  # as on a socket whose peer has closed: no other task runs
            lost.set()
            raise OSError("link lost")

        lost = asyncio.Event()
        self.run_case(scenario, motionpictures="1")

    def test_a_size_that_ends_two_links_is_not_sent_any_more(self):
        async def scenario(motion, session):
            await asyncio.sleep_ms(200)
            session.fails = 2
            self.take(1)
            self.pictures.begin()
            self.take(2)
            self.pictures.take(Frame(3, 50))
            await until(lambda: not self.album.pictures)
            self.assertEqual(session.pictures(), [(3, 3)])
            self.assertEqual(self.sender.max_bytes, 50)
            self.assertEqual(len(self.log.errors), 2)  # the broker's limit, and a picture over it

        self.run_case(scenario, motionpictures="1")

    def test_a_size_that_was_too_large_is_tried_again_later(self):
        async def scenario(motion, session):
            await asyncio.sleep_ms(200)
            session.fails = 2
            for number in (1, 2):
                self.take(number)
                self.pictures.begin()
                await until(lambda: not self.album.pictures)
                await asyncio.sleep(limits.MQTT_HELD_S + 1)
            self.assertEqual(session.pictures(), [(1, 2)])

        self.run_case(scenario, motionpictures="1")

    def test_those_too_large_for_the_broker_are_not_sent(self):
        async def scenario(motion, session):
            self.take(1)
            motion.note(PIN)
            self.take(2)
            self.pictures.take(Frame(3, 101))
            await until(lambda: len(self.log.errors) == 1)
            self.assertEqual(session.pictures(), [(1, 1), (2, 2)])
            self.assertTrue("101 bytes" in self.log.errors[0][1], self.log.errors)

        self.run_case(scenario, motionpictures="1", pubmaxbytes="100")

    def test_stopping_lets_the_picture_on_its_way_arrive_and_no_other(self):
        async def scenario(motion, session):
            task = asyncio.create_task(self.pictures.run())
            session.takes_ms = 1_000
            self.take(1)
            self.pictures.begin()
            self.take(2, 3)
            await until(lambda: self.album.sending)
            await asyncio.sleep_ms(500)
            self.pictures.stop()
            await task
            self.assertEqual(len(session.pictures()), 1)
            self.assertEqual(self.album.pictures, [])

        self.run_case(scenario, motionpictures="1")

    def test_an_update_gets_the_memory(self):
        async def scenario(motion, session):
            self.take(1)
            self.frames.at_rest = True
            await asyncio.sleep_ms(1_000)
            self.assertEqual(self.album.pictures, [])
            self.take(2)
            self.assertEqual(self.album.pictures, [])

        self.run_case(scenario, motionpictures="1")


class Grid:
    """Decodes in three steps; `fault` is raised."""

    fault = None

    def start(self, view):
        self.left = 3
        if self.fault:
            raise ValueError(self.fault)
        self.cells = view

    def step(self):
        self.left -= 1
        return self.left <= 0

    def release(self):
        pass


class Detector:
    """Sees motion in the pictures with the numbers in `moving`."""

    moving = ()
    score, count, changed = 70, 5, b"\0\1\0"

    def __init__(self):
        self.learned = 0
        self.compared = []

    def relearn(self):
        self.learned += 1

    def compare(self, cells):
        self.compared.append(cells[0])
        return cells[0] in self.moving


class Lamp:
    flashing = on = False


class Kept:
    def __init__(self):
        self.taken = []

    def take(self, frame):
        self.taken.append(frame.number)


class TestView(unittest.TestCase):
    def run_case(self, scenario, **values):
        async def main():
            self.settings = settings_on(values=values)
            self.frames, self.kept, self.log, self.notes = Frames(), Kept(), Log(), []
            self.lamp = Lamp()
            view = PictureWatcher(
                self.frames,
                self.lamp,
                self.settings,
                self.kept,
                lambda *all: self.notes.append(all),
                self.log,
            )
            view.grid, view.detector = Grid(), Detector()
            task = asyncio.create_task(view.run())
            try:
                await scenario(view)
            finally:
                await ended(task)
            self.assertEqual(self.frames.held, 0)

        run(main(), 100_000)

    def test_pictures_at_the_rate_of_the_setting(self):
        async def scenario(view):
            view.detector.moving = (3,)
            await asyncio.sleep_ms(2_300)
            self.assertEqual(view.detector.compared, [1, 2, 3, 4, 5])
            self.assertEqual(self.notes, [(PICTURE, 70, 5)])
            self.assertEqual(self.kept.taken, [1, 2, 3, 4, 5])
            self.settings.put("motionfps", 4)
            await asyncio.sleep_ms(2_000)
            self.assertTrue(12 <= len(view.detector.compared) <= 14, view.detector.compared)

        self.run_case(scenario, motion="picture")

    def test_none_is_leased_unless_needed(self):
        async def scenario(view):
            await asyncio.sleep_ms(5_000)
            self.assertEqual(self.frames.number, 0)
            self.settings.put("motionpictures", 2)
            await asyncio.sleep_ms(2_000)
            self.assertTrue(len(self.kept.taken) >= 3)
            self.assertEqual((view.detector.compared, view.is_current), ([], False))

        self.run_case(scenario, motion="pin")

    def test_pictures_in_the_light_of_the_flash_are_not_compared(self):
        async def scenario(view):
            await asyncio.sleep_ms(1_200)
            compared = len(view.detector.compared)
            self.lamp.flashing = True
            await asyncio.sleep_ms(2_000)
            self.assertEqual(len(view.detector.compared), compared)
            self.assertTrue(len(self.kept.taken) > compared)
            self.lamp.flashing = False
            await asyncio.sleep_ms(2_000)
            self.assertTrue(len(view.detector.compared) > compared)

        self.run_case(scenario, motion="picture")

    def test_it_learns_again_when_the_lamp_is_switched(self):
        async def scenario(view):
            await asyncio.sleep_ms(1_000)
            for self.lamp.on in (True, False):
                learned = view.detector.learned
                await asyncio.sleep_ms(3_000)
                self.assertEqual(view.detector.learned, learned + 1)

        self.run_case(scenario, motion="picture")

    def test_it_takes_at_most_half_of_the_time(self):
        async def scenario(view):
            start = view.grid.start

            def slow_start(picture):
                clock.skipped_ms += 1_000
                start(picture)

            view.grid.start = slow_start
            await asyncio.sleep_ms(10_500)
            self.assertTrue(4 <= len(view.detector.compared) <= 6, view.detector.compared)

        self.run_case(scenario, motion="picture")

    def test_a_slow_sensor_does_not_slow_down_the_rate_further(self):
        async def scenario(view):
            acquire = self.frames.acquire

            async def slowly():
                await asyncio.sleep_ms(900)
                return await acquire()

            self.frames.acquire = slowly
            await asyncio.sleep_ms(10_000)
            self.assertTrue(9 <= len(view.detector.compared) <= 11, view.detector.compared)

        self.run_case(scenario, motion="picture")

    def test_it_learns_again_after_a_time_without_comparing(self):
        async def scenario(view):
            await asyncio.sleep_ms(2_000)
            learned = view.detector.learned
            self.assertTrue(view.is_current)
            self.settings.put("motion", PIN)
            await asyncio.sleep_ms(2_000)
            self.assertFalse(view.is_current)
            self.assertTrue(view.detector.learned > learned)

        self.run_case(scenario, motion="picture")

    def test_without_pictures_it_says_why_and_learns_again(self):
        async def scenario(view):
            self.assertEqual(view.shown(), {})
            await asyncio.sleep_ms(1_000)
            self.assertEqual(view.shown(), {"score": 70, "changed": "010", "cells": "02" * 100})
            learned = view.detector.learned
            self.frames.fault = CameraFault("no sensor answers")
            await asyncio.sleep_ms(3_000)
            self.assertEqual(
                (view.reason, view.is_current), ("no picture: no sensor answers", False)
            )
            self.assertTrue(view.detector.learned > learned)
            self.frames.fault = None
            await asyncio.sleep_ms(3_000)
            self.assertEqual((view.reason, view.is_current), ("", True))

        self.run_case(scenario, motion="picture")

    def test_the_reason_stays_while_pictures_are_only_kept(self):
        async def scenario(view):
            self.frames.fault = CameraFault("no sensor answers")
            await asyncio.sleep_ms(1_000)
            for _ in range(50):
                await asyncio.sleep_ms(50)
                self.assertEqual(view.reason, "no picture: no sensor answers")
            self.frames.fault = None
            await asyncio.sleep_ms(2_000)
            self.assertEqual(view.reason, "")

        self.run_case(scenario, motion="pin", motionpictures="2")

    def test_a_picture_that_cannot_be_compared_is_kept_and_logged_once(self):
        async def scenario(view):
            view.grid.fault = "it is not a baseline JPEG"
            await asyncio.sleep_ms(3_000)
            self.assertTrue(len(self.kept.taken) > 3)
            self.assertEqual(len(self.log.errors), 1)
            self.assertTrue(view.reason.endswith("it is not a baseline JPEG"))

        self.run_case(scenario, motion="picture")

    def test_others_run_between_the_steps_of_a_picture(self):
        async def scenario(view):
            left = []

            async def other():
                while True:
                    if self.frames.held:
                        left.append(view.grid.left)
                    await asyncio.sleep_ms(0)

            task = asyncio.create_task(other())
            await asyncio.sleep_ms(300)
            await ended(task)
            self.assertEqual(sorted(set(left)), [1, 2])

        self.run_case(scenario, motion="picture")

    def test_it_gives_up_a_picture_that_others_need(self):
        async def scenario(view):
            step = view.grid.step

            def asked_to_give_up():
                self.frames.give_up()
                return step()

            view.grid.step = asked_to_give_up
            await asyncio.sleep_ms(2_000)
            self.assertEqual((view.detector.compared, self.frames.held), ([], 0))

        self.run_case(scenario, motion="picture")


class Pin:
    made = []
    level = False

    def __init__(self, number, active):
        Pin.made.append((number, active))

    def on(self):
        return Pin.level


class TestPin(unittest.TestCase):
    def run_case(self, scenario, **values):
        async def main():
            Pin.made, Pin.level = [], False
            settings, notes = settings_on(values=values), []
            task = asyncio.create_task(PinWatcher(Pin, settings, notes.append).run())
            await scenario(settings, notes)
            await ended(task)

        run(main())

    def test_motion_while_it_is_active(self):
        async def scenario(settings, notes):
            await asyncio.sleep_ms(1_000)
            self.assertEqual((notes, Pin.made), ([], [(13, 1)]))
            Pin.level = True
            await asyncio.sleep_ms(200)
            self.assertEqual(notes[0], PIN)
            Pin.level = False
            await asyncio.sleep_ms(100)
            count = len(notes)
            await asyncio.sleep_ms(1_000)
            self.assertEqual(len(notes), count)

        self.run_case(scenario, motion="pin")

    def test_a_spark_is_no_motion(self):
        async def scenario(settings, notes):
            for _ in range(50):
                Pin.level = not Pin.level
                await asyncio.sleep_ms(25)
            self.assertEqual(notes, [])

        self.run_case(scenario, motion="both")

    def test_changed_settings_take_effect_and_picture_alone_reads_no_pin(self):
        async def scenario(settings, notes):
            Pin.level = True
            await asyncio.sleep_ms(500)
            self.assertEqual((notes, Pin.made), ([], []))
            settings.put("motion", PIN)
            await asyncio.sleep_ms(500)
            settings.put("motionpin", 14)
            settings.put("motionpinlevel", 0)
            await asyncio.sleep_ms(500)
            self.assertEqual(Pin.made, [(13, 1), (14, 0)])

        self.run_case(scenario, motion="picture")

    def test_other_pins_are_refused_with_the_reason(self):
        for number in (13, 14, 2):
            check_pin(number, (13, 14, 2), ((4, "is the lamp"),))
        for number, text in (
            (4, "GPIO4 is the lamp; use 13, 14 or 2"),
            (18, "GPIO18 is used by the board, or not on it; use 13, 14 or 2"),
        ):
            try:
                check_pin(number, (13, 14, 2), ((4, "is the lamp"),))
                self.fail(number)
            except BadArgument as e:
                self.assertEqual(str(e), text)


suite.main()
