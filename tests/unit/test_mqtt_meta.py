"""app.mqtt.meta: what a picture is, in one message before it."""

import asyncio
import hashlib
import json
import unittest
from binascii import hexlify

import suite
from fakes import Log, run
from test_mqtt_publisher import Session

from app.clock import Clock
from app.mqtt.meta import Meta, sha256
from app.mqtt.publisher import ImagePublisher
from proto.posixtz import days_of, unix_time

FRAME = b"\xff\xc0\0\x11\x08\x01\xe0\x02\x80\x03" + bytes(9)
SCAN = bytes(20_000)
PICTURE = b"\xff\xd8" + FRAME + b"\xff\xda\0\3x" + SCAN + b"\xff\xd9"
UTC = (days_of(2026, 11, 27) * 24 + 6) * 3_600 + 1_800  # 06:30, in seconds since 2000
TIME_S = UTC - (unix_time(0) - 946_684_800)  # the same for time.time()


class Frame:
    view = memoryview(PICTURE)
    size, quality = "VGA", 8
    time_ns = TIME_S * 1_000_000_000 + 250_999_999


class Frames:
    """Frames and lease in one."""

    usual = "VGA", 8
    refused = ""
    frame = Frame

    def fresh(self):
        return self

    def renewed(self):
        return self

    async def acquire(self):
        pass

    def release(self):
        pass


def settings(**more):
    found = {
        "meta": 1,
        "retain": 1,
        "pubinterval": 0,
        "pubmaxbytes": 0,
        "flash": 0,
        "deepsleep": 0,
    }
    found.update(timezone="CET-1CEST,M3.5.0,M10.5.0/3", **more)
    return found


class TestMeta(unittest.TestCase):
    def published(self, frames=1, is_set=True, parts=(Frame.view,), frame=Frame, **more):
        session, values = Session(), settings(**more)
        clock = Clock(None, None, values, None, Log(), lambda: None)
        (clock.set.set if is_set else clock.set.clear)()
        meta = Meta(session, values, b"data/cam/meta", clock)

        async def main():
            for _ in range(frames):
                await meta.publish(frame, parts, "interval")

        run(main())
        return session.published

    def test_it_has_all_facts(self):
        _, topic, payload, retain, qos = self.published(2)[1]
        self.assertEqual((topic, retain, qos), (b"data/cam/meta", True, 0))
        self.assertTrue(b'"Timestamp": 1795761000.250, ' in payload, payload)
        found = json.loads(payload)
        found.pop("Timestamp")
        expected = {
            "Sequence": 2,
            "Time": "2026-11-27T07:30:00.250+01:00",
            "Width": 640,
            "Height": 480,
            "Bytes": len(PICTURE),
            "Quality": 8,
            "Trigger": "interval",
            "SHA256": hexlify(hashlib.sha256(PICTURE).digest()).decode(),
        }
        self.assertEqual(found, expected)

    def test_the_offset_follows_the_zone(self):
        for zone, text in (
            ("<+0530>-5:30", "2026-11-27T12:00:00.250+05:30"),
            ("NST3:30", "2026-11-27T03:00:00.250-03:30"),
            ("UTC0", "2026-11-27T06:30:00.250+00:00"),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-11-27T17:30:00.250+11:00"),
        ):
            payload = self.published(timezone=zone)[0][2]
            self.assertEqual(json.loads(payload)["Time"], text)

    def test_without_the_time_and_not_retained(self):
        _, _, payload, retain, _ = self.published(is_set=False, retain=0)[0]
        found = json.loads(payload)
        self.assertEqual((found["Time"], found["Timestamp"], retain), (None, None, False))

    def test_a_picture_from_before_the_clock_was_set_has_no_time(self):
        class Early(Frame):  # 3 s after the start, when the chip's clock counts from 2000
            time_ns = (TIME_S - UTC + 3) * 1_000_000_000

        found = json.loads(self.published(frame=Early)[0][2])
        self.assertEqual((found["Time"], found["Timestamp"]), (None, None))

    def test_a_picture_in_parts(self):
        view = Frame.view
        found = json.loads(self.published(parts=(b"\xff\xd8 exif", view[2:]))[0][2])
        expected = hexlify(hashlib.sha256(b"\xff\xd8 exif" + PICTURE[2:]).digest()).decode()
        self.assertEqual((found["Bytes"], found["SHA256"]), (len(PICTURE) + 5, expected))

    def test_off_publishes_nothing(self):
        self.assertEqual(self.published(meta=0), [])

    def test_hashing_gives_other_tasks_their_turns(self):
        async def main():
            turns = 0

            async def count():
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep_ms(0)

            task = asyncio.create_task(count())
            digest = await sha256((memoryview(PICTURE),))
            task.cancel()
            self.assertEqual(digest, hexlify(hashlib.sha256(PICTURE).digest()).decode())
            self.assertTrue(turns >= len(PICTURE) // 8_192, turns)

        run(main())


class TestPublisher(unittest.TestCase):
    def test_it_precedes_its_picture_and_names_the_trigger(self):
        async def main():
            session, values = Session(), settings()
            session.limit = 1_000_000
            clock = Clock(None, None, values, None, Log(), lambda: None)
            publisher = ImagePublisher(Frames(), session, values, b"image", Log(), None)
            publisher.meta = Meta(session, values, b"meta", clock)
            publisher.request()
            task = asyncio.create_task(publisher.run())
            await asyncio.sleep_ms(1_000)
            values["pubinterval"] = 1
            await asyncio.sleep_ms(1_600)
            task.cancel()
            topics = [each[1] for each in session.published]
            self.assertEqual(topics[:4], [b"meta", b"image"] * 2)
            triggers = [json.loads(each[2])["Trigger"] for each in session.published[:4:2]]
            self.assertEqual(triggers, ["command", "interval"])

        run(main())


suite.main()
