"""app.push: pictures posted to a web server, with retries that end."""

import asyncio
import unittest

import suite
from fakes import Deadlines, Direct, Log, WallClock, clock, ended, run, until
from test_download import Server

from aio.connect import Connector
from app.push import HTTPPush

OK = [b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"]
BUSY = [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"]
FORBIDDEN = [b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"]
JPEG = b"\xff\xd8 a picture \xff\xd9"


class Frame:
    view = memoryview(JPEG)
    time_ns = 1_795_000_000_250_000_000

    def timestamp(self):
        return "1795000000.250000"


class Frames:
    """Counts who holds a frame."""

    def __init__(self):
        self.held = 0
        self.frame = None

    def fresh(self):
        return self

    def share(self, frame, lease):
        lease.frame = frame
        self.held += 1

    def release(self):
        self.held -= 1


class TestPush(unittest.TestCase):
    def run_case(self, responses, scenario, **more):
        async def main():
            settings = {"mqttverify": 0, "mqttca": "", "pushurl": "", "pushheader": ""}
            settings.update(more)
            deadlines = Deadlines(50)
            watch = asyncio.create_task(deadlines.run())
            async with Server(*responses) as server:
                wifi, time = asyncio.Event(), WallClock()
                wifi.set()
                if not settings["pushurl"]:
                    settings["pushurl"] = "http://127.0.0.1:{}/in?cam=1".format(server.port)
                frames, log = Frames(), Log()
                push = HTTPPush(frames, Connector(Direct(), deadlines), settings, wifi, time, log)
                push.wifi, push.clock, push.log = wifi, time, log
                task = asyncio.create_task(push.run())
                try:
                    await scenario(push, server, settings)
                finally:
                    await ended(task)
                    await ended(watch)
                self.assertEqual(frames.held, 0)

        run(main())

    def test_a_picture_with_the_header_of_the_user(self):
        async def scenario(push, server, settings):
            settings["pushheader"] = "X-Key: abc"
            push.take(Frame())
            await until(lambda: push.sent)
            lines = server.requests[0].split("\r\n")
            self.assertEqual(lines[0], "POST /in?cam=1 HTTP/1.1")
            for line in (
                "X-Key: abc",
                "Content-Type: image/jpeg",
                "X-Timestamp: 1795000000.250000",
                "Content-Length: {}".format(len(JPEG)),
            ):
                self.assertTrue(line in lines, line)
            self.assertEqual((server.bodies, push.failed, push.reason), ([JPEG], 0, ""))

        self.run_case([OK], scenario)

    def test_a_picture_from_before_the_clock_was_set_has_no_timestamp(self):
        async def scenario(push, server, settings):
            push.clock.since_ns = Frame.time_ns + 1
            push.take(Frame())
            await until(lambda: push.sent)
            self.assertFalse("X-Timestamp" in server.requests[0])

        self.run_case([OK], scenario)

    def test_a_picture_that_is_dropped_is_not_posted_again(self):
        async def scenario(push, server, settings):
            await asyncio.sleep_ms(0)
            for is_running in (False, True):  # before the connection, and in the pause after one
                push.take(Frame())
                if is_running:
                    await until(lambda: server.requests)
                    await asyncio.sleep_ms(100)
                push.drop_pictures()
                push.drop_pictures()
                await asyncio.sleep_ms(20)
                self.assertEqual(push._frames.held, 0)
            await asyncio.sleep_ms(60_000)
            self.assertEqual((len(server.requests), push.sent, push.failed), (1, 0, 0))
            push.take(Frame())
            await until(lambda: push.sent)

        self.run_case([BUSY, OK], scenario)

    def test_a_busy_server_gets_it_again_a_refusal_is_final(self):
        async def scenario(push, server, settings):
            push.take(Frame())
            await until(lambda: push.sent)
            self.assertEqual(len(server.requests), 3)
            push.take(Frame())
            await until(lambda: push.failed)
            self.assertEqual(len(server.requests), 4)
            self.assertEqual(push.reason, "the server answered 403 Forbidden")
            push.take(Frame())
            await until(lambda: push.sent == 2)
            self.assertEqual((push.reason, len(push.log.errors)), ("", 1))

        self.run_case([BUSY, BUSY, OK, FORBIDDEN, OK], scenario)

    def test_a_redirect_is_not_followed(self):
        async def scenario(push, server, settings):
            push.take(Frame())
            await until(lambda: push.failed)
            why = "the server answered 301 Moved; set pushurl to its new address"
            self.assertEqual((push.reason, len(server.requests)), (why, 1))

        moved = b"HTTP/1.1 301 Moved\r\nLocation: https://a/\r\nContent-Length: 0\r\n\r\n"
        self.run_case([[moved]], scenario)

    def test_retries_end(self):
        async def scenario(push, server, settings):
            push.take(Frame())
            push.take(Frame())  # while the first one is being posted
            await until(lambda: push.failed)
            self.assertEqual((len(server.requests), push.sent, push.dropped), (3, 0, 1))
            self.assertEqual(push.figures()["Reason"], "the server answered 503 Busy")

        self.run_case([BUSY] * 4, scenario)

    def test_a_silent_server_does_not_hold_the_picture_for_ever(self):
        async def scenario(push, server, settings):
            began = clock.now_ms()
            push.take(Frame())
            await until(lambda: push.failed)
            self.assertEqual(push.reason, "no answer in time")
            self.assertTrue(clock.now_ms() - began < 100_000)

        self.run_case([[1_000_000]] * 3, scenario)

    def test_nothing_without_an_address_or_wifi(self):
        async def scenario(push, server, settings):
            settings["pushurl"] = ""
            self.assertFalse(push.wants())
            push.take(Frame())
            settings["pushurl"] = "http://a/"
            push.wifi.clear()
            self.assertFalse(push.wants())
            push.take(Frame())
            await asyncio.sleep_ms(100)
            self.assertEqual((server.requests, push.dropped), ([], 0))

        self.run_case([OK], scenario)

    def test_certificates_need_the_time(self):
        async def scenario(push, server, settings):
            push.clock.set.clear()
            push.take(Frame())
            await until(lambda: push.failed)
            self.assertTrue("certificates need the time" in push.reason)

        self.run_case([OK], scenario, pushurl="https://127.0.0.1/")


suite.main()
