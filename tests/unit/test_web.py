"""app.http.images over real sockets: snapshots, streams, their limits and their end."""

import asyncio
import unittest

from fakes import Log, Wire, clock, ended, read, run, served, until

from app.camera.camera import CameraFault
from app.camera.frames import Frames
from app.http.auth import Access
from app.http.images import Web
from app.http.router import Pages
from app.http.server import HTTPDoor


class Camera:
    """A picture every 100 ms; its size and first byte tell which."""

    stale = 0
    copies = False
    state = "ready"
    reason = "no frame in 3000 ms"

    def __init__(self):
        self.captures = self.lent = 0
        self.size = 5_000
        self.fault = None

    async def capture(self):
        await asyncio.sleep_ms(100)
        if self.fault:
            raise self.fault
        self.captures += 1
        self.lent += 1
        return memoryview(bytes((self.captures & 255,)) * self.size)

    def grab(self):
        return None

    def release(self):
        self.lent -= 1


class Site:
    """What the gate and the error pages look at: an open camera on its network."""

    ap_open = False
    ap_address = ""

    def __init__(self):
        self.settings = {"adminpass": ""}
        self.wifi = self
        self.log = Log()

    def address(self):
        return "192.0.2.7"


class Viewer(Wire):
    """A connection that has asked for an address."""

    def __init__(self, door, path, method="GET", host="cam"):
        super().__init__()
        self._door = door
        request = "{} {} HTTP/1.1\r\nHost: {}\r\n\r\n".format(method, path, host)
        self._request = request.encode()

    async def __aenter__(self):
        await super().__aenter__()
        await self.peer.send(self._request)
        self.serving = asyncio.create_task(served(self._door, self.ours))
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
        """(first line, headers)."""
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
        """The picture of one part of a stream."""
        while True:
            line = await self.line()
            if line:
                break
        assert line == b"--frame", line
        headers = await self.headers()
        assert headers["Content-Type"] == "image/jpeg", headers
        return await read(self.peer, int(headers["Content-Length"]))


class WebCase(unittest.TestCase):
    def story(self, tell, **tunables):
        async def whole():
            camera = Camera()
            frames = Frames(camera, Log())
            site = Site()
            access = Access(site.settings, site.wifi, "cam")
            pages = Pages(access, None, site, None, "DVES_A1B2C3")
            web = Web(frames, pages, **tunables)
            door = HTTPDoor(web, access, pages)
            task = asyncio.create_task(frames.run())
            try:
                await tell(door, web, camera, frames)
            finally:
                await ended(task)
            self.assertEqual((frames.leased(), camera.lent, web.streams), (0, 0, 0))

        run(whole())


class TestPictures(WebCase):
    def test_snapshot_on_both_addresses(self):
        async def tell(door, web, camera, frames):
            for path in ("/capture", "/jpg", "/capture?t=1"):
                async with Viewer(door, path) as viewer:
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

        self.story(tell)

    def test_head_asks_for_no_body(self):
        async def tell(door, web, camera, frames):
            async with Viewer(door, "/capture", "HEAD") as viewer:
                self.assertTrue(b" 200 " in (await viewer.head())[0])
                self.assertEqual(await read(viewer.peer, 10), b"")

        self.story(tell)

    def test_without_a_picture_it_says_why_and_when_to_come_again(self):
        async def tell(door, web, camera, frames):
            camera.fault = CameraFault("x")
            async with Viewer(door, "/capture") as viewer:
                first, headers = await viewer.head()
                self.assertTrue(b" 503 " in first)
                self.assertTrue("Retry-After" in headers)
                self.assertTrue(b"no frame in 3000 ms" in await read(viewer.peer, 1_000))

        self.story(tell)

    def test_errors_have_their_status(self):
        async def tell(door, web, camera, frames):
            for method, path, status in (
                ("GET", "/nothing", 404),
                ("GET", "/%2e%2e/main.py", 404),
                ("POST", "/capture", 405),
                ("DELETE", "/", 405),
                ("OPTIONS", "/stream", 405),
            ):
                async with Viewer(door, path, method) as viewer:
                    first, headers = await viewer.head()
                    self.assertTrue(str(status).encode() in first, first)
                    self.assertEqual("Allow" in headers, status == 405)

        self.story(tell)

    def test_a_request_by_a_strange_name_is_refused(self):
        async def tell(door, web, camera, frames):
            for host in ("evil.test", "cam.evil.test", "192.0.2.8", "127.0.0.1.evil.test"):
                for path in ("/capture", "/mjpg", "/nothing"):
                    async with Viewer(door, path, host=host) as viewer:
                        self.assertTrue(b" 421 " in (await viewer.head())[0])
            for host in ("cam", "CAM.local:80", "192.0.2.7:8080", "localhost:1"):
                async with Viewer(door, "/capture", host=host) as viewer:
                    self.assertTrue(b" 200 " in (await viewer.head())[0])

        self.story(tell)


class TestStream(WebCase):
    def test_parts_are_whole_and_each_a_newer_picture(self):
        async def tell(door, web, camera, frames):
            for path in ("/mjpg", "/stream"):
                async with Viewer(door, path) as viewer:
                    first, headers = await viewer.head()
                    self.assertTrue(b" 200 " in first)
                    content = headers["Content-Type"]
                    self.assertEqual(content, "multipart/x-mixed-replace; boundary=frame")
                    last = -1
                    for camera.size in (5_000, 60_000, 4, 5_000):
                        body = await viewer.part()
                        self.assertTrue(body == bytes((body[0],)) * len(body))
                        self.assertTrue(len(body) in (4, 5_000, 60_000))
                        self.assertTrue(body[0] > last)
                        last = body[0]
                    self.assertEqual(web.streams, 1)

        self.story(tell)

    def test_all_viewers_see_the_same_pictures(self):
        async def tell(door, web, camera, frames):
            async def watch(n):
                async with Viewer(door, "/mjpg") as viewer:
                    await viewer.head()
                    for _ in range(n):
                        await viewer.part()

            tasks = [asyncio.create_task(watch(20)) for _ in range(4)]
            for task in tasks:
                await task
            self.assertTrue(camera.captures < 30, camera.captures)

        self.story(tell)

    def test_beyond_the_limit_503_and_a_place_is_freed(self):
        async def tell(door, web, camera, frames):
            async with Viewer(door, "/mjpg") as one:
                await one.head()
                async with Viewer(door, "/mjpg") as two:
                    first, headers = await two.head()
                    self.assertTrue(b" 503 " in first)
                    self.assertEqual(headers["Retry-After"], "5")
                async with Viewer(door, "/capture") as other:
                    self.assertTrue(b" 200 " in (await other.head())[0])
            async with Viewer(door, "/mjpg") as three:
                self.assertTrue(b" 200 " in (await three.head())[0])

        self.story(tell, streams=1)

    def test_viewer_that_vanishes_frees_everything(self):
        async def tell(door, web, camera, frames):
            for _ in range(20):
                viewer = Viewer(door, "/mjpg")
                async with viewer:
                    await viewer.head()
                    await read(viewer.peer, 3_000)  # in the middle of a part
                    viewer.peer.close()
                    await until(viewer.serving.done)
                self.assertEqual((web.streams, frames.leased()), (0, 0))

        self.story(tell)

    def test_viewer_that_stops_reading_is_closed_and_stops_nobody(self):
        async def tell(door, web, camera, frames):
            camera.size = 60_000
            async with Viewer(door, "/mjpg") as slow, Viewer(door, "/mjpg") as quick:
                await slow.head()
                await quick.head()
                started = clock.now_ms()
                for _ in range(50):
                    await quick.part()
                self.assertTrue(clock.now_ms() - started < 8_000, clock.now_ms() - started)
                while not slow.serving.done():
                    await quick.part()
                self.assertTrue(clock.now_ms() - started < 20_000)
                self.assertEqual(web.streams, 1)

        self.story(tell)

    def test_viewer_stays_while_the_camera_recovers(self):
        async def tell(door, web, camera, frames):
            async with Viewer(door, "/mjpg") as viewer:
                await viewer.head()
                await viewer.part()
                camera.fault = CameraFault("x")
                await asyncio.sleep_ms(30_000)
                camera.fault = None
                before = camera.captures
                while (await viewer.part())[0] <= before:
                    pass

        self.story(tell)


unittest.main()
