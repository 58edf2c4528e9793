"""app.http.images over real sockets: snapshots and streams, their limits and their end."""

import asyncio
import gc
import unittest

import suite
from fakes import Log, Wire, clock, ended, read, run, served, until
from webserver import Clock, Web

from app.camera.camera import CameraFault
from app.camera.frames import Frames

# more than the sockets can buffer; allocated before the other tests fragment the heap
HUGE = memoryview(bytearray(300_000))


class Camera:
    """Takes a picture every 100 ms, identified by its size and its first byte."""

    usual_size = size = "VGA"
    usual_quality = quality = 8

    stale = 0
    copies = False
    exists = True
    state = "ready"
    reason = "no frame in 3000 ms"

    def __init__(self):
        self.captures = self.lent = 0
        self.bytes = 5_000
        self.picture = None  # used instead of a new picture of `size`, which takes memory
        self.fault = None

    async def capture(self):
        await asyncio.sleep_ms(100)
        if self.fault:
            raise self.fault
        self.captures += 1
        self.lent += 1
        return self.picture or memoryview(bytes((self.captures & 255,)) * self.bytes)

    def grab(self):
        return None

    def release(self, rest=False):
        self.lent -= 1

    def stop(self):
        pass

    def power(self, on, reason=""):
        pass


class Viewer(Wire):
    """Connection on which a request has been sent."""

    def __init__(self, server, path, method="GET", host="cam", token=""):
        super().__init__()
        self._server = server
        request = "{} {} HTTP/1.1\r\nHost: {}\r\nCookie: session={}\r\n\r\n"
        request = request.format(method, path, host, token)
        self._request = request.encode()

    async def __aenter__(self):
        await super().__aenter__()
        await self.peer.send(self._request)
        self.serving = asyncio.create_task(served(self._server, self.ours))
        return self

    async def __aexit__(self, kind, error, trace):
        await ended(self.serving)
        await super().__aexit__(kind, error, trace)

    async def line(self):
        data = b""
        while not data.endswith(b"\r\n"):
            byte = await read(self.peer, 1)
            if not byte:
                break
            data += byte
        return data.strip()

    async def head(self):
        """Return (status line, headers)."""
        first = await self.line()
        return first, await self.headers()

    async def headers(self):
        headers = {}
        while True:
            line = await self.line()
            if not line:
                return headers
            name, _, value = line.decode().partition(": ")
            headers[name] = value

    async def part(self):
        """Return the picture in the next part of a stream."""
        while True:
            line = await self.line()
            if line:
                break
        assert line == b"--frame", line
        headers = await self.headers()
        assert headers["Content-Type"] == "image/jpeg", headers
        return await read(self.peer, int(headers["Content-Length"]))


class ImagesTestCase(unittest.TestCase):
    def run_case(self, scenario, frames=None, **tunables):
        async def main():
            camera = Camera()
            made = Frames(camera, Log(), **(frames or {}))
            web = Web(made, **tunables)
            task = asyncio.create_task(made.run())
            try:
                await scenario(web.server, web.images, camera, made)
            finally:
                await ended(task)
            self.assertEqual((made.leased(), camera.lent, web.images.viewers), (0, 0, 0))
            self.assertEqual(web.log.errors, [])

        run(main())


class TestPictures(ImagesTestCase):
    def test_snapshot_on_both_paths(self):
        async def scenario(server, images, camera, frames):
            for path in ("/capture", "/jpg", "/snapshot.jpg", "/cam.jpg", "/capture?t=1"):
                async with Viewer(server, path) as viewer:
                    first, headers = await viewer.head()
                    self.assertTrue(b" 200 " in first)
                    self.assertEqual(headers["Content-Type"], "image/jpeg")
                    self.assertEqual(headers["Content-Length"], "5000")
                    self.assertEqual(
                        headers["Content-Disposition"], "inline; filename=capture.jpg"
                    )
                    self.assertEqual(headers["Cache-Control"], "no-store")
                    stamp = float(headers["X-Timestamp"])
                    self.assertTrue(abs(stamp - clock.time()) < 10)  # seconds since 1970
                    body = await read(viewer.peer, 10_000)
                    self.assertTrue(body == bytes((camera.captures,)) * 5_000)

        self.run_case(scenario)

    def test_other_sites_may_embed_pictures_only_if_a_setting_allows_it(self):
        async def scenario(server, images, camera, frames):
            policy = "Cross-Origin-Resource-Policy"
            for embed, expected in ((0, "same-origin"), (1, "cross-origin"), (0, "same-origin")):
                images._headers._settings["embed"] = embed
                for path in ("/capture", "/jpg", "/mjpg", "/stream"):
                    async with Viewer(server, path) as viewer:
                        _, headers = await viewer.head()
                        self.assertEqual(headers[policy], expected)
                for path in ("/style.css", "/api/none", "/login"):
                    async with Viewer(server, path) as viewer:
                        _, headers = await viewer.head()
                        self.assertEqual(headers[policy], "same-origin")

        self.run_case(scenario)

    def test_head_gets_no_body(self):
        async def scenario(server, images, camera, frames):
            async with Viewer(server, "/capture", "HEAD") as viewer:
                self.assertTrue(b" 200 " in (await viewer.head())[0])
                self.assertEqual(await read(viewer.peer, 10), b"")
            async with Viewer(server, "/mjpg", "HEAD") as viewer:
                self.assertTrue(b" 200 " in (await viewer.head())[0])
                self.assertEqual(await read(viewer.peer, 10), b"")

        self.run_case(scenario)

    def test_date_once_the_clock_is_set(self):
        async def scenario(server, images, camera, frames):
            for path in ("/capture", "/mjpg"):
                async with Viewer(server, path) as viewer:
                    headers = (await viewer.head())[1]
                    self.assertEqual(headers["Date"], "Sat, 01 Jan 2000 00:00:00 GMT")

        self.run_case(scenario, clock=Clock(0))

    def test_every_picture_has_the_headers_of_every_response(self):
        async def scenario(server, images, camera, frames):
            for path in ("/capture", "/mjpg"):
                async with Viewer(server, path) as viewer:
                    headers = (await viewer.head())[1]
                    self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                    self.assertEqual(headers["Connection"], "close")
                    self.assertFalse("Date" in headers)

        self.run_case(scenario)

    def test_response_without_a_picture_has_a_reason_and_retry_after(self):
        async def scenario(server, images, camera, frames):
            camera.fault = CameraFault("x")
            async with Viewer(server, "/capture") as viewer:
                first, headers = await viewer.head()
                self.assertTrue(b" 503 " in first)
                self.assertTrue("Retry-After" in headers)
                self.assertTrue(b"no frame in 3000 ms" in await read(viewer.peer, 1_000))

        self.run_case(scenario)

    def test_board_that_never_has_pictures_advises_no_retry(self):
        async def scenario(server, images, camera, frames):
            never = (False, "absent", "no PSRAM"), (True, "unsuitable", "sensor GC2145")
            camera.fault = CameraFault("x")
            for path, facts in (("/capture", never[0]), ("/mjpg", never[0]), ("/mjpg", never[1])):
                camera.exists, camera.state, camera.reason = facts
                async with Viewer(server, path) as viewer:
                    first, headers = await viewer.head()
                    self.assertTrue(b" 503 " in first)
                    self.assertFalse("Retry-After" in headers)
                    text = await read(viewer.peer, 1_000)
                    why = "no picture: {}. Trying again does not help".format(facts[2])
                    self.assertTrue(why.encode() in text, text)

        self.run_case(scenario)

    def test_errors_have_the_right_status(self):
        async def scenario(server, images, camera, frames):
            for method, path, status in (
                ("GET", "/nothing", 404),
                ("GET", "/%2e%2e/main.py", 404),
                ("POST", "/capture", 405),
                ("DELETE", "/", 405),
                ("OPTIONS", "/stream", 405),
            ):
                async with Viewer(server, path, method) as viewer:
                    first, headers = await viewer.head()
                    self.assertTrue(str(status).encode() in first, first)
                    self.assertEqual(headers.get("Allow"), "GET, HEAD" if status == 405 else None)

        self.run_case(scenario)

    def test_request_for_another_host_is_refused(self):
        async def scenario(server, images, camera, frames):
            for host in ("evil.test", "cam.evil.test", "192.0.2.8", "127.0.0.1.evil.test"):
                for path in ("/capture", "/mjpg", "/nothing"):
                    async with Viewer(server, path, host=host) as viewer:
                        self.assertTrue(b" 421 " in (await viewer.head())[0])
            for host in ("cam", "CAM.local:80", "192.0.2.7:8080", "localhost:1"):
                async with Viewer(server, "/capture", host=host) as viewer:
                    self.assertTrue(b" 200 " in (await viewer.head())[0])

        self.run_case(scenario)


class TestStream(ImagesTestCase):
    def test_parts_are_complete_and_each_has_a_newer_picture(self):
        async def scenario(server, images, camera, frames):
            for path in ("/mjpg", "/stream", "/cam.mjpeg", "/stream.mjpg"):
                async with Viewer(server, path) as viewer:
                    first, headers = await viewer.head()
                    self.assertTrue(b" 200 " in first)
                    content = headers["Content-Type"]
                    self.assertEqual(content, "multipart/x-mixed-replace; boundary=frame")
                    last = -1
                    for camera.bytes in (5_000, 60_000, 4, 5_000):
                        body = await viewer.part()
                        self.assertTrue(body == bytes((body[0],)) * len(body))
                        self.assertTrue(len(body) in (4, 5_000, 60_000))
                        self.assertTrue(body[0] > last)
                        last = body[0]
                    self.assertEqual(images.viewers, 1)

        self.run_case(scenario)

    def test_pictures_a_second_are_limited_on_request(self):
        async def scenario(server, images, camera, frames):
            for fps, interval_ms in (("2", 500), ("0.5", 2_000), ("30", 33)):
                async with Viewer(server, "/mjpg?fps=" + fps) as viewer:
                    await viewer.head()
                    await viewer.part()
                    started = clock.now_ms()
                    for _ in range(3):
                        await viewer.part()
                    took_ms = clock.now_ms() - started
                    self.assertTrue(took_ms >= 3 * interval_ms - 10, (fps, took_ms))
                    self.assertTrue(took_ms < 3 * interval_ms + 500, (fps, took_ms))
            for bad in ("0", "-1", "nan", "31", "fast", ""):
                async with Viewer(server, "/mjpg?fps=" + bad) as viewer:
                    self.assertTrue(b" 400 " in (await viewer.head())[0], bad)

        self.run_case(scenario)

    def test_all_viewers_see_the_same_pictures(self):
        async def scenario(server, images, camera, frames):
            async def watch(n):
                async with Viewer(server, "/mjpg") as viewer:
                    await viewer.head()
                    for _ in range(n):
                        await viewer.part()

            tasks = [asyncio.create_task(watch(20)) for _ in range(4)]
            for task in tasks:
                await task
            self.assertTrue(camera.captures < 30, camera.captures)

        self.run_case(scenario)

    def test_viewers_over_the_limit_get_503(self):
        async def scenario(server, images, camera, frames):
            async with Viewer(server, "/mjpg") as one:
                await one.head()
                async with Viewer(server, "/mjpg") as two:
                    first, headers = await two.head()
                    self.assertTrue(b" 503 " in first)
                    self.assertEqual(headers["Retry-After"], "5")
                async with Viewer(server, "/capture") as other:
                    self.assertTrue(b" 200 " in (await other.head())[0])
            async with Viewer(server, "/mjpg") as three:
                self.assertTrue(b" 200 " in (await three.head())[0])

        self.run_case(scenario, max_viewers=1)

    def test_disconnected_viewer_releases_everything(self):
        async def scenario(server, images, camera, frames):
            for _ in range(20):
                viewer = Viewer(server, "/mjpg")
                async with viewer:
                    await viewer.head()
                    await read(viewer.peer, 3_000)  # in the middle of a part
                    viewer.peer.close()
                    await until(viewer.serving.done)
                self.assertEqual((images.viewers, frames.leased()), (0, 0))

        self.run_case(scenario)

    def test_viewer_that_stops_reading_is_closed_and_delays_no_other(self):
        async def scenario(server, images, camera, frames):
            camera.bytes = 60_000
            async with Viewer(server, "/mjpg") as slow, Viewer(server, "/mjpg") as quick:
                await slow.head()
                await quick.head()
                started = clock.now_ms()
                for _ in range(50):
                    await quick.part()
                self.assertTrue(clock.now_ms() - started < 8_000, clock.now_ms() - started)
                while not slow.serving.done():
                    await quick.part()
                self.assertTrue(clock.now_ms() - started < 20_000)
                self.assertEqual(images.viewers, 1)

        self.run_case(scenario)

    def test_slow_viewer_gives_up_a_slot_that_others_need(self):
        """It is closed after `hold_ms`, long before the timeout of 10 s for sending."""

        async def scenario(server, images, camera, frames):
            gc.collect()
            camera.picture = HUGE
            async with Viewer(server, "/mjpg") as slow:
                await slow.head()
                await until(frames.leased)
                started = clock.now_ms()
                async with Viewer(server, "/capture") as other:
                    self.assertTrue(b" 200 " in (await other.head())[0])
                self.assertTrue(clock.now_ms() - started < 5_000, clock.now_ms() - started)
                await until(slow.serving.done)

        self.run_case(scenario, {"slots": 1, "hold_ms": 2_000})

    def test_drop_viewer_ends_the_newest_stream_and_drop_viewers_ends_all(self):
        async def scenario(server, images, camera, frames):
            self.assertFalse(images.drop_viewer())
            async with Viewer(server, "/mjpg") as one, Viewer(server, "/mjpg") as two:
                await one.head()
                await two.head()
                self.assertTrue(images.drop_viewer())
                await until(two.serving.done)
                self.assertFalse(one.serving.done())
                images.drop_viewers()
                await until(one.serving.done)

        self.run_case(scenario)

    def test_dropped_viewer_gets_no_more_pictures_however_fast_it_reads(self):
        async def scenario(server, images, camera, frames):
            async with Viewer(server, "/mjpg") as viewer:
                await viewer.head()
                await viewer.part()
                images.drop_viewers()
                before = camera.captures
                while await read(viewer.peer, 1_000):
                    pass
                self.assertTrue(camera.captures <= before + 2)

        self.run_case(scenario)

    def test_logout_ends_the_streams_of_its_session(self):
        async def scenario(server, images, camera, frames):
            one = Viewer(server, "/mjpg", token="1234")
            async with one, Viewer(server, "/mjpg", token="5678") as other:
                await one.head()
                await other.head()
                async with Viewer(server, "/logout", "POST", token="1234") as leaving:
                    self.assertTrue(b" 303 " in (await leaving.head())[0])
                await until(one.serving.done)
                await other.part()
                self.assertEqual(images.viewers, 1)

        self.run_case(scenario)

    def test_viewer_stays_while_the_camera_recovers(self):
        async def scenario(server, images, camera, frames):
            async with Viewer(server, "/mjpg") as viewer:
                await viewer.head()
                await viewer.part()
                camera.fault = CameraFault("x")
                await asyncio.sleep_ms(30_000)
                camera.fault = None
                before = camera.captures
                while (await viewer.part())[0] <= before:
                    pass

        self.run_case(scenario)

    def test_withheld_pictures_are_403_and_end_what_is_on_its_way(self):
        async def scenario(server, images, camera, frames):
            gc.collect()
            camera.picture = HUGE  # more than the sockets hold
            async with Viewer(server, "/capture") as slow, Viewer(server, "/mjpg") as stream:
                await slow.head()
                await stream.head()
                self.assertEqual((frames.leased() > 0, images.viewers), (True, 1))
                frames.withhold("privacy is on")
                images.drop_pictures()
                await until(lambda: not frames.leased())
                await until(lambda: not images.viewers, limit_s=0.5)
            for path in ("/capture", "/mjpg"):
                async with Viewer(server, path) as viewer:
                    first, headers = await viewer.head()
                    self.assertTrue(b" 403 " in first)
                    self.assertFalse("Retry-After" in headers)
                    text = await read(viewer.peer, 1_000)
                    self.assertTrue(b"There is no picture: privacy is on. The command" in text)
            frames.withhold("")
            camera.picture = None
            async with Viewer(server, "/capture") as viewer:
                self.assertTrue(b" 200 " in (await viewer.head())[0])

        self.run_case(scenario, {"slots": 1, "hold_ms": 60_000})


suite.main()
