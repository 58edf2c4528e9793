"""app.rtsp over real sockets: requests, logins, sessions, pictures, and clients that fail."""

import asyncio
import unittest
from binascii import b2a_base64

import suite
from fakes import Log, Wire, clock, ended, read, run, served, settings_on, until
from webserver import Clock, WiFi

from aio.listener import Budget
from app.camera.camera import CameraFault
from app.camera.frames import Frames
from app.http.auth import Access
from app.http.headers import Headers
from app.http.images import Images
from app.rtsp import RTSPServer
from config import limits

WORD = "open, Sesame!"
TRANSPORT = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
UDP = "Transport: RTP/AVP;unicast;client_port=5000-5001\r\n"


def jpeg(scan, width=640, height=480):
    """Return the least that RTP can carry, in 4:2:2."""
    size = bytes((height >> 8, height & 255, width >> 8, width & 255))
    return (
        b"\xff\xd8\xff\xdb\0\x84\0" + bytes(64) + b"\1" + bytes(64)
        + b"\xff\xc0\0\x11\x08" + size + b"\3\1\x21\0\2\x11\1\3\x11\1"
        + b"\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0" + scan + b"\xff\xd9"
    )  # fmt: skip


# more than the sockets can buffer; allocated before the other tests fragment the heap
HUGE = memoryview(jpeg(bytes(200_000)))


class Camera:
    """Takes a picture every 100 ms, whose scan is its number."""

    usual_size = size = "VGA"
    usual_quality = quality = 8
    stale = 0
    copies = False
    exists = True
    state = "ready"
    reason = "no frame in 3000 ms"

    def __init__(self):
        self.captures = 0
        self.picture = None  # used instead of a new one
        self.width = 640
        self.fault = None

    async def capture(self):
        await asyncio.sleep_ms(100)
        if self.fault:
            raise self.fault
        self.captures += 1
        return self.picture or memoryview(jpeg(bytes((self.captures & 127,)) * 100, self.width))

    def grab(self):
        return None

    def release(self, rest=False):
        pass

    def power(self, on, reason):
        pass

    def stop(self, reason=""):
        pass


class Desk:
    """The server and what it uses."""

    def __init__(self, password=""):
        self.log = Log()
        self.camera = Camera()
        self.frames = Frames(self.camera, self.log)
        self.settings = settings_on(values={"adminpass": password} if password else {})
        self.access = Access(self.settings, WiFi(), "cam")
        self.images = Images(self.frames, Headers(Clock(), self.settings), 2)
        self.budget = Budget(6)
        self.server = RTSPServer(
            self.frames, self.images, self.access, self.settings, WiFi(), Clock(800_000_000),
            self.log, None, self.budget, "cam",
        )  # fmt: skip


class Client(Wire):
    """Connection of a client."""

    def __init__(self, desk):
        super().__init__()
        self._desk = desk
        self._cseq = 0
        self.login = self.session = ""

    async def __aenter__(self):
        await super().__aenter__()
        self.serving = asyncio.create_task(served(self._desk.server, self.ours))
        return self

    async def __aexit__(self, kind, error, trace):
        await ended(self.serving)
        await super().__aexit__(kind, error, trace)

    async def ask(self, method, lines="", version="RTSP/1.0"):
        """Send a request; return the status, 0 if the connection has ended."""
        self._cseq += 1
        text = "{} rtsp://cam/mjpg {}\r\nCSeq: {}\r\n{}{}{}\r\n"
        text = text.format(method, version, self._cseq, self.login, self.session, lines)
        await self.peer.send(text.encode())
        return await self.status()

    async def status(self):
        """Return the status of the next response, 0 if the connection has ended."""
        while True:
            try:
                first = await read(self.peer, 1)
            except OSError:
                return 0
            if first != b"$":
                break
            await self.packet(True)
        self.head = first
        while first and not self.head.endswith(b"\r\n\r\n"):
            first = await read(self.peer, 1)
            self.head += first
        self.head = self.head.decode()
        at = self.head.find("Session: ")
        if at >= 0:
            self.session = self.head[at:].partition(";")[0] + "\r\n"
        at = self.head.find("Content-Length: ")
        if at >= 0:
            self.body = await read(self.peer, int(self.head[at + 16 :].partition("\r")[0]))
        return int(self.head.split(" ")[1]) if self.head else 0

    async def packet(self, begun=False):
        """Return (channel, data)."""
        head = await read(self.peer, 3 if begun else 4)
        if not head:
            raise OSError("ended")
        return head[-3], await read(self.peer, head[-2] << 8 | head[-1])

    async def play(self):
        for method, lines in (("DESCRIBE", ""), ("SETUP", TRANSPORT), ("PLAY", "")):
            assert await self.ask(method, lines) == 200, self.head

    async def picture(self):
        """Return the number of the next picture, of which a packet is enough."""
        while True:
            channel, data = await self.packet()
            if channel == 0 and data[1] & 0x80:
                return data[-1]


class RTSPTestCase(unittest.TestCase):
    def run_case(self, scenario, password="", errors=()):
        async def main():
            desk = Desk(password)
            task = asyncio.create_task(desk.frames.run())
            try:
                await scenario(desk)
            finally:
                await ended(task)
            left = desk.frames.leased(), desk.images.viewers, desk.server.sessions
            self.assertEqual(left, (0, 0, 0))
            self.assertEqual(desk.log.errors, list(errors))

        run(main())


class TestRequests(RTSPTestCase):
    def test_a_session_from_its_start_to_its_end(self):
        async def scenario(desk):
            async with Client(desk) as client:
                self.assertEqual(await client.ask("OPTIONS"), 200)
                self.assertTrue("Public: OPTIONS, DESCRIBE, SETUP, PLAY" in client.head)
                self.assertEqual(await client.ask("DESCRIBE", "Accept: application/sdp\r\n"), 200)
                self.assertTrue("Content-Base: rtsp://cam/mjpg/\r\n" in client.head)
                self.assertTrue(b"m=video 0 RTP/AVP 26\r\na=control:track1" in client.body)
                self.assertEqual(await client.ask("SETUP", UDP + "X: y\r\n"), 461)
                self.assertEqual(await client.ask("SETUP", UDP[:-2] + "," + TRANSPORT[11:]), 200)
                self.assertTrue("TCP;unicast;interleaved=0-1;ssrc=" in client.head)
                self.assertEqual(desk.server.sessions, 0)
                self.assertEqual(await client.ask("PLAY"), 200)
                self.assertTrue("RTP-Info: url=rtsp://cam/mjpg/track1;seq=" in client.head)
                self.assertEqual(desk.server.sessions, 1)
                one, other = await client.picture(), await client.picture()
                self.assertTrue(0 < one < other)
                self.assertEqual(await client.ask("GET_PARAMETER"), 200)
                self.assertEqual(await client.ask("PAUSE"), 200)
                self.assertEqual(desk.server.sessions, 0)
                self.assertEqual(await client.ask("PLAY"), 200)
                self.assertTrue(await client.picture() > other)
                self.assertEqual(await client.ask("TEARDOWN"), 200)
                self.assertEqual(await client.ask("PLAY"), 454)
                client.session = ""
                await client.play()

        self.run_case(scenario)

    def test_requests_that_are_refused(self):
        async def scenario(desk):
            async with Client(desk) as client:
                for method, lines, status in (
                    ("ANNOUNCE", "", 501),
                    ("DESCRIBE", "Require: x-dance\r\n", 551),
                    ("SETUP", "", 461),
                    ("PLAY", "", 454),
                    ("TEARDOWN", "Session: 12\r\n", 454),
                    ("SET_PARAMETER", "Content-Length: 3\r\n\r\nabc", 451),
                    ("SETUP", TRANSPORT, 200),
                    ("SETUP", TRANSPORT, 455),
                ):
                    self.assertEqual(await client.ask(method, lines), status)

        self.run_case(scenario)

    def test_what_ends_a_connection(self):
        async def scenario(desk):
            for version, lines, status in (
                ("HTTP/1.1", "", 400),  # a web page that sends a form to this port
                ("RTSP/2.0", "", 505),
                ("RTSP/1.0", "Content-Length: x\r\n", 400),
                ("RTSP/1.0", "Content-Length: 99999\r\n", 413),
                ("RTSP/1.0", "X: " + 2_100 * "x" + "\r\n", 413),
            ):
                async with Client(desk) as client:
                    self.assertEqual(await client.ask("OPTIONS", lines, version), status)
                    self.assertEqual(await client.status(), 0)

        self.run_case(scenario)


class TestLogin(RTSPTestCase):
    def login(self, word):
        word = b2a_base64(("any:" + word).encode()).decode().strip()
        return "Authorization: Basic {}\r\n".format(word)

    def test_password(self):
        async def scenario(desk):
            async with Client(desk) as client:
                self.assertEqual(await client.ask("OPTIONS"), 200)
                for method in ("DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER", "ANNOUNCE"):
                    self.assertEqual(await client.ask(method, TRANSPORT), 401)
                    self.assertTrue('WWW-Authenticate: Basic realm="camera"' in client.head)
                client.login = self.login("wrong")
                self.assertEqual(await client.ask("DESCRIBE"), 401)
                client.login = self.login(WORD)
                await client.play()
                await client.picture()

        self.run_case(scenario, WORD)

    def test_guesses_share_the_budget_of_the_pages(self):
        async def scenario(desk):
            async with Client(desk) as client:
                client.login = self.login("wrong")
                for _ in range(limits.LOGIN_FAILURES_PER_ADDRESS):
                    self.assertEqual(await client.ask("DESCRIBE"), 401)
                client.login = self.login(WORD)
                self.assertEqual(await client.ask("DESCRIBE"), 503)
                self.assertTrue("503 Too many wrong passwords: try again in" in client.head)
                self.assertTrue(desk.access.wait_s("") > 0)

        self.run_case(scenario, WORD)


class TestPictures(RTSPTestCase):
    def test_no_picture(self):
        async def scenario(desk):
            desk.camera.fault = CameraFault("no frame")
            async with Client(desk) as client:
                self.assertEqual(await client.ask("DESCRIBE"), 503)
                self.assertTrue("There is no picture: no frame in 3000 ms" in client.head)
                desk.camera.fault = None
                await until(lambda: desk.camera.captures, "a picture")
                await client.play()
                number = await client.picture()
                desk.camera.fault = CameraFault("no frame")
                await asyncio.sleep(20)
                desk.camera.fault = None
                while await client.picture() <= number:  # the client has stayed
                    pass

        self.run_case(scenario)

    def test_privacy(self):
        async def scenario(desk):
            desk.frames.withhold("privacy is on")
            async with Client(desk) as client:
                self.assertEqual(await client.ask("DESCRIBE"), 403)
                self.assertTrue("There is no picture: privacy is on" in client.head)
                desk.frames.withhold("")
                self.assertEqual(await client.ask("SETUP", TRANSPORT), 200)
                desk.frames.withhold("privacy is on")
                self.assertEqual(await client.ask("PLAY"), 403)
                self.assertEqual(desk.images.viewers, 0)
                desk.frames.withhold("")
                self.assertEqual(await client.ask("PLAY"), 200)
                await client.picture()

        self.run_case(scenario)

    def test_a_picture_that_is_too_large(self):
        text = "no stream: 2048 x 480 pixels are more than RTP can carry, 2040 in each direction"

        async def scenario(desk):
            async with Client(desk) as client:
                await client.play()
                await client.picture()
                desk.camera.width = 2_048
                self.assertEqual(await client.status(), 0)
            for _ in range(2):
                async with Client(desk) as client:
                    for method in ("DESCRIBE", "SETUP"):
                        self.assertEqual(await client.ask(method, TRANSPORT), 415)
                        self.assertTrue("415 RTSP can't send this picture: 2048 x" in client.head)

        self.run_case(scenario, errors=[("rtsp", text)])

    def test_timestamps_do_not_follow_the_clock(self):
        async def scenario(desk):
            async with Client(desk) as client:
                await client.play()
                times = []
                while len(times) < 5:
                    channel, data = await client.packet()
                    if channel == 0:
                        times.append(int.from_bytes(data[4:8], "big"))
                steps = [(b - a) & 0xFFFFFFFF for a, b in zip(times, times[1:])]
                for step in steps:  # 100 ms and more; the clock has whole seconds here
                    self.assertTrue(9_000 <= step < 45_000, str(steps))

        self.run_case(scenario)

    def test_viewers_of_all_kinds_are_limited_together(self):
        async def scenario(desk):
            async with Client(desk) as one, Client(desk) as other, Client(desk) as third:
                await one.play()
                await other.play()
                self.assertEqual(await third.ask("SETUP", TRANSPORT), 200)
                self.assertEqual(await third.ask("PLAY"), 503)
                self.assertTrue("There are 2 viewers already." in third.head)
                desk.images.drop_viewers()  # the password has changed
                for client in (one, other):
                    self.assertEqual(await client.status(), 0)
                self.assertEqual(await third.ask("PLAY"), 200)

        self.run_case(scenario)


class TestClients(RTSPTestCase):
    def test_its_port_takes_a_connection_while_it_listens(self):
        async def scenario(desk):
            desk.budget = Budget(1)
            desk.server._budget = desk.budget
            self.assertTrue(desk.budget.free())
            desk.server._listener.run = lambda: asyncio.sleep(1)
            task = asyncio.create_task(desk.server.run())
            await asyncio.sleep_ms(0)
            self.assertFalse(desk.budget.free())
            await task
            self.assertTrue(desk.budget.free())

        self.run_case(scenario)

    def test_a_flood_of_requests_leaves_others_their_turns(self):
        async def scenario(desk):
            turns = [0]

            async def count():
                while True:
                    turns[0] += 1
                    await asyncio.sleep_ms(0)

            async with Client(desk) as client:
                request = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"
                await client.peer.send(request * 20)
                counting = asyncio.create_task(count())
                for _ in range(20):
                    self.assertEqual(await client.status(), 200)
                await ended(counting)
            self.assertTrue(turns[0] >= 20, str(turns))

        self.run_case(scenario)

    def test_a_silent_client_is_closed(self):
        async def scenario(desk):
            for plays, least_s in ((False, 9), (True, 59)):
                async with Client(desk) as client:
                    started = clock.now_ms()
                    if plays:
                        await client.play()
                    self.assertEqual(await client.status(), 0)
                    self.assertTrue(least_s < (clock.now_ms() - started) / 1_000 < least_s + 5)

        self.run_case(scenario)

    def test_a_client_that_stops_reading_gives_way(self):
        async def scenario(desk):
            desk.camera.picture = HUGE
            async with Client(desk) as client:
                await client.play()
                await until(lambda: client.ours.idle, "a stuck client")
                await until(client.serving.done, "its end")

        self.run_case(scenario)


suite.main()
