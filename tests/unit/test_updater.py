"""app.ota: installed and refused images, pushed updates, and trials."""

import asyncio
import json
import os
import random
import unittest

import suite
import test_signature as signing
from espimages import image
from fakes import NVS, Log, ended, outcome, run, until

from app.camera.camera import CameraFault, Withheld
from app.mqtt.topics import Topics
from app.ota.report import Report
from app.ota.trial import Trial
from app.ota.updater import UNCONFIRMED, Updater
from config import product
from proto.espimage import HEAD_BYTES, Description
from proto.values import BadArgument

BLOCK = 4_096
OLD = image(b"1.0.0")
NEW = image(b"1.1.0", data=bytes(range(256)) * 80)  # slightly more than five blocks


class Slot:
    """Slot of hal.flash; each block must be erased before it is written."""

    def __init__(self, label, size=8 * BLOCK, data=b""):
        self.label = label
        self.size_bytes = size
        self.data = bytearray(data) + b"\xff" * (size - len(data))
        self.writes = self.erased = 0
        self.bootable = False
        self.fault = None

    def readinto(self, at, view):
        view[:] = self.data[at : at + len(view)]

    def erase(self, block):
        assert 0 <= block < self.size_bytes // BLOCK
        self.erased += 1
        self.data[block * BLOCK : (block + 1) * BLOCK] = b"\xff" * BLOCK

    def write(self, block, view, offset=0):
        if self.fault:
            self.fault(self)
        at = block * BLOCK + offset
        assert offset + len(view) <= BLOCK
        assert self.data[at : at + len(view)] == b"\xff" * len(view), "not erased"
        self.writes += 1
        self.data[at : at + len(view)] = view

    def set_boot(self):
        self.bootable = True

    def description(self):
        found = Description(self.data[:HEAD_BYTES])
        return found.project, found.version


class Flash:
    """Stands in for hal.flash and hal.otadata."""

    def __init__(self):
        self.slots = Slot("ota_0", data=OLD), Slot("ota_1")
        self.is_pending = False
        self.aborted = None
        self.confirmed = 0

    def running(self):
        return self.slots[0]

    def spare(self):
        return self.slots[1]

    def unconfirmed(self):
        return self.is_pending

    def failed(self):
        return self.aborted

    def confirm(self):
        self.is_pending = False
        self.confirmed += 1


class Copies:
    """Stands in for hal.appslot of a board that runs the firmware's own application."""

    def __init__(self):
        self.left = ["app_b.zip.new"]  # of an interrupted update

    def unconfirmed(self):
        return False

    def failed(self):
        return ""

    def confirm(self):
        return False

    def tidy(self):
        removed, self.left = self.left, []
        return removed


class Frames:
    """Stands in for app.camera.frames; counts the pauses."""

    def __init__(self):
        self.paused = self.pauses = 0
        self.at_rest = False

    async def pause(self, why):
        self.paused = 1
        self.pauses += 1

    def resume(self):
        self.paused = 0

    def fresh(self):
        return self

    async def __aenter__(self):
        return b"picture"

    async def __aexit__(self, kind, error, trace):
        pass


class Session:
    def __init__(self):
        self.up = asyncio.Event()
        self.up.set()
        self.published = []
        self.filters = []
        self.refuses = None
        self.reconnects = 0

    async def publish(self, topic, payload, retain=False, qos=0):
        if not self.up.is_set():
            raise OSError(128)
        self.published.append((topic.decode(), bytes(payload).decode(), retain))

    async def subscribe(self, filter):
        if self.refuses:
            raise OSError(self.refuses)
        self.filters.append(filter)

    async def unsubscribe(self):
        self.filters.clear()

    def reconnect(self, why):
        self.reconnects += 1


class Handler:
    def __init__(self):
        self.data = None
        self.replies = []
        self.states = self

    async def publish(self, name, text, flags=0):
        self.replies.append((name, text))


class WiFi:
    def __init__(self):
        self.up = asyncio.Event()
        self.up.set()


class Restart:
    def __init__(self):
        self.requests = 0

    def request(self):
        self.requests += 1


class Source:
    """Returns data in pieces; at the end raises `error`, if any."""

    def __init__(self, data, piece=1_000, error=None):
        self.data = data
        self.left = len(data)
        self._piece = piece
        self._error = error

    async def read(self, view):
        await asyncio.sleep_ms(0)
        n = min(len(view), self.left, self._piece)
        at = len(self.data) - self.left
        view[:n] = self.data[at : at + n]
        self.left -= n
        if not n and self._error:
            raise self._error
        return n

    async def read_some(self, most):
        view = bytearray(most)
        return memoryview(view)[: await self.read(view)]


class Camera(Updater):
    def __init__(self, **settings):
        self.board = Flash()
        values = {"topic": "cam", "grouptopic": "cams", "subtopic": "#", "otakey": ""}
        values.update({"otaurl": "", "otaconfirm": 0, "mqtthost": "x"})
        values.update(settings)
        topics, copies, log = Topics(values, "DVES_A1B2C3"), Copies(), Log()
        self.copies, self.log = copies, log
        self.settings = values
        self.session, self.handler, self.frames = Session(), Handler(), Frames()
        self.nvs, self.restart = NVS(), Restart()
        report = Report(self.session, topics, log)
        trial = self.trial = Trial(
            self.board,
            self.board,
            copies,
            self.nvs,
            values,
            WiFi(),
            self.session,
            self.frames,
            self.restart,
            log,
            report,
            lambda: self.job,
        )
        super().__init__(
            values,
            topics,
            self.session,
            self.handler,
            None,
            self.frames,
            self.board,
            copies,
            self.nvs,
            self.restart,
            log,
            lambda text: None,
            report,
            trial,
            None,
        )

    def send(self, data, **how):
        """Upload an image; return (status, text) of the response."""
        source = Source(data, **how)
        return run(self.upload(source.read, len(data)))

    def states(self):
        """Return (state, reason) of the results on stat/cam/ota."""
        reports = [json.loads(p[1]) for p in self.session.published if p[0] == "stat/cam/ota"]
        return [(r["state"], r.get("reason")) for r in reports if r["state"] != "writing"]


class TestInstall(unittest.TestCase):
    def installed(self, camera, data=NEW):
        spare = camera.board.spare()
        return spare.bootable and bytes(spare.data[: len(data)]) == data

    def refused(self, data, why, writes=0, **settings):
        camera = Camera(**settings)
        status, text = camera.send(data)
        self.assertIn(why, text)
        self.assertEqual((status, camera.board.spare().bootable), (422, False))
        if writes == 0:
            self.assertEqual(camera.board.spare().erased, 0)
        self.assertEqual((camera.job, camera.state, camera.frames.paused), (None, "idle", 0))
        self.assertEqual(camera.restart.requests, 0)
        self.assertEqual(camera.states(), [("failed", text)])
        return camera

    def test_whole_image(self):
        for piece in (1, 700, 4_096, 100_000):
            camera = Camera()
            status, text = camera.send(NEW, piece=piece)
            self.assertEqual((status, text[:17]), (200, "micropython 1.1.0"))
            self.assertTrue(self.installed(camera))
            self.assertEqual((camera.restart.requests, camera.frames.paused), (1, 1))
            self.assertEqual(camera.states(), [("installed", None)])
            self.assertEqual(camera.nvs.stored["OTA_TRIED"], b"ota_1 1.1.0")
            self.assertEqual(camera.cmd_mqttotastart("1"), "busy")  # until the restart

    def test_refused_before_anything_is_erased(self):
        self.refused(b"", "not a firmware image")
        self.refused(b"<!doctype html>" + bytes(5_000), "begins with 3c")
        self.refused(image(chip=9), "ESP32-S3")
        self.refused(image(project=b"other"), "another project")
        self.refused(image(b"0.9.9"), "older")
        self.refused(NEW + bytes(20_000), "too big")
        self.refused(OLD, "runs already")
        camera = Camera()
        camera.board.slots = camera.board.slots[0], None
        self.assertEqual(camera.send(NEW)[0], 422)

    def test_force_allows_older_versions_but_no_other_project(self):
        self.forced(image(b"0.9.9"), True)
        self.forced(OLD, True)
        self.forced(image(project=b"other"), False)

    def forced(self, data, good):
        camera = Camera()
        error = run(outcome(camera.install(Source(data).read, len(data), True)))
        self.assertEqual(isinstance(error, BadArgument), not good)
        self.assertEqual(camera.board.spare().bootable, good)

    def nameless(self, running, offered, force=False):
        """Return (the camera, status, text) after an update from one image to another."""
        camera = Camera()
        camera.board.slots[0].data[: len(running)] = running
        source = Source(offered)
        status, text = run(camera.upload(source.read, len(offered), force))
        self.assertEqual(camera.board.spare().bootable, status == 200)
        self.assertEqual(camera.board.spare().erased > 0, status == 200)
        return camera, status, text

    def test_images_without_a_name_need_force(self):
        """Such as MicroPython's own; the reply says what is lost, also before it is forced."""
        official = image(b"", b"", data=b"\1\2\3\4" * 50)
        other = image(b"", b"", data=b"\4\3\2\1" * 50)
        unversioned = image(b"", data=b"\0\0\0\1" * 50)
        for running, offered, lost in (
            (OLD, official, "may not contain this application: pages, MQTT and telnet"),
            (OLD, unversioned, "may not contain this application"),
            (official, other, "may not contain this application"),
            (official, NEW, "such as its camera driver, is replaced"),
            (unversioned, NEW, "such as its camera driver, is replaced"),
        ):
            camera, status, text = self.nameless(running, offered)
            self.assertEqual(
                (status, lost in text, "force is needed" in text[:40]), (422, True, True)
            )
            self.assertEqual(camera.states(), [("failed", text)])
            camera, status, text = self.nameless(running, offered, force=True)
            self.assertEqual((status, lost in text), (200, True), text)
            report = json.loads(camera.session.published[-1][1])
            self.assertEqual((report["state"], lost in report["lost"]), ("installed", True))
            self.assertIn(report["lost"], camera.log.infos[1][1])

    def test_nameless_image_is_checked_like_any_other(self):
        official = image(b"", b"")
        for data in (official[:-1], official + b"x", official[:-40] + b"?" + official[-39:]):
            camera = Camera()
            status, text = run(camera.upload(Source(data).read, len(data), True))
            self.assertEqual((status, camera.board.spare().bootable), (422, False))

    def test_reply_names_the_application_of_a_nameless_image(self):
        camera = Camera(otaurl="http://x/y")
        camera.board.slots[0].data[: len(OLD)] = image(b"", b"", data=b"\1\2\3\4" * 100)
        self.assertEqual(camera.cmd_upgrade("1"), "Upgrade " + product.VERSION)

    def test_failed_version_is_refused(self):
        camera = Camera()
        camera.nvs.stored["OTA_FAILED"] = b"1.1.0"
        self.assertIn("failed already", camera.send(NEW)[1])
        self.assertEqual(camera.board.spare().erased, 0)

    def test_truncated(self):
        cuts = list(range(0, len(NEW), 487)) + [4_096, 8_192, len(NEW) - 32, len(NEW) - 1]
        for cut in cuts:
            camera = Camera()
            self.assertEqual(camera.send(NEW[:cut])[0], 422, str(cut))
            self.assertFalse(camera.board.spare().bootable)

    def test_shorter_than_announced(self):
        camera = Camera()
        status, text = run(camera.upload(Source(NEW).read, len(NEW) + 1))
        self.assertEqual((status, text[:7]), (422, "cut off"))

    def test_changed_bytes(self):
        places = list(range(288)) + [random.randrange(len(NEW)) for _ in range(300)]
        for at in places:
            data = bytearray(NEW)
            data[at] ^= 1 << random.randrange(8)
            camera = Camera()
            self.assertEqual(camera.send(bytes(data))[0], 422, str(at))
            self.assertFalse(camera.board.spare().bootable)

    def test_data_after_the_image(self):
        for tail in (b"x", bytes(16), b"CAMSIGN1" + bytes(36), bytes(2_000)):
            self.refused(NEW + tail, "follows the image", 1)

    def test_flash_faults(self):
        def fails(slot):
            raise OSError(5)

        def forgets(slot):
            slot.data[100] = 1 if slot.writes == 3 else slot.data[100]

        for fault, why in ((fails, "block 0"), (forgets, "does not hold")):
            camera = Camera()
            camera.board.spare().fault = fault
            status, text = camera.send(NEW)
            self.assertEqual((status, camera.board.spare().bootable), (422, False))
            self.assertIn(why, text)

    def test_source_error(self):
        camera = Camera()
        source = Source(NEW[:9_000], error=OSError(104))
        error = run(outcome(camera.upload(source.read, len(NEW))))
        self.assertEqual(error.errno, 104)
        self.assertEqual((camera.state, camera.job, camera.frames.paused), ("idle", None, 0))
        self.assertEqual(camera.states(), [("failed", "connection refused or reset")])

    def test_cancelled_request(self):
        async def main():
            camera, source = Camera(), Source(NEW)

            async def read(view):
                if camera.board.spare().writes:
                    await asyncio.sleep(600)  # the rest never arrives
                return await source.read(view)

            task = asyncio.create_task(camera.upload(read, len(NEW)))
            await until(lambda: camera.board.spare().writes)
            await ended(task)
            return camera

        camera = run(main())
        self.assertEqual((camera.state, camera.job, camera.frames.paused), ("idle", None, 0))
        self.assertEqual((camera.restart.requests, camera.states()), (0, []))
        self.assertEqual(camera.send(NEW)[0], 200)

    def test_any_update_is_stopped_by_either_command(self):
        """Pulls that connect or write, and uploads."""

        def dripping(camera):
            class Never:
                async def connect(self, host, port, context):
                    await asyncio.sleep(600)

            source = Source(NEW)

            async def read(view):
                if camera.board.spare().writes:
                    await asyncio.sleep_ms(5_000)
                return await source.read(view[:1] if camera.board.spare().writes else view)

            async def pull():
                await camera.install(read, len(NEW))

            async def connecting():
                camera._connector = Never()
                camera.cmd_upgrade("1")
                await until(lambda: camera.job)

            async def writing():
                camera._connector = Never()
                camera.cmd_upgrade("1")
                camera._source.run = pull
                await until(lambda: camera.board.spare().writes)

            async def upload():
                camera.uploaded = asyncio.create_task(camera.upload(read, len(NEW)))
                await until(lambda: camera.board.spare().writes)

            return connecting, writing, upload

        async def stopped(number, command, reply):
            camera = Camera(otaurl="http://host/fw.bin", mqttverify=0, mqttca="")
            task = asyncio.create_task(camera.run())
            await dripping(camera)[number]()
            await asyncio.sleep_ms(2_000)
            self.assertEqual(getattr(camera, command)("0"), reply)
            await until(lambda: camera.job is None, limit_s=2)
            self.assertEqual((camera.state, camera.frames.paused), ("idle", 0))
            self.assertEqual(camera.states(), [("failed", "stopped by a command")])
            self.assertEqual(getattr(camera, command)("0"), "off")
            if number == 2:
                self.assertEqual(await camera.uploaded, (422, "stopped by a command"))
            self.assertEqual((await camera.upload(Source(NEW).read, len(NEW)))[0], 200)
            self.assertEqual(getattr(camera, command)("0"), "busy")  # it is installed
            await ended(task)

        for number in range(3):
            for command, reply in (("cmd_upgrade", "stopped"), ("cmd_mqttotastart", "off")):
                run(stopped(number, command, reply))

    def revoked(self, left, stalls):
        """Return (camera, response); `left` bytes are missing when the password is replaced."""

        async def main():
            camera, source = Camera(), Source(NEW)

            async def revoke():
                camera.revoke()
                await asyncio.sleep_ms(0)
                camera.revoke()  # another change, while the first one is reported

            async def read(view):
                got = await source.read(view)
                if got and source.left <= left < source.left + got:
                    asyncio.create_task(revoke())
                    await asyncio.sleep(600 if stalls else 0)
                return got

            camera.revoke()  # nothing is under way yet
            return camera, await camera.upload(read, len(NEW))

        return run(main())

    def test_replaced_password_ends_an_upload(self):
        for left, stalls in ((len(NEW) - 1, True), (3_000, True), (3_000, False), (0, False)):
            camera, (status, text) = self.revoked(left, stalls)
            self.assertEqual(status, 401, (left, stalls))
            self.assertTrue("password has changed" in text)
            self.assertEqual((camera.state, camera.job, camera.frames.paused), ("idle", None, 0))
            self.assertEqual((camera.restart.requests, camera.board.spare().bootable), (0, False))
            self.assertEqual(camera.states(), [("failed", text)])
            self.assertEqual(camera.send(NEW)[0], 200)

    def test_replaced_password_does_not_end_what_is_installed(self):
        async def main():
            camera = Camera()
            published = asyncio.Event()

            async def publish(topic, payload, retain):
                if b"installed" in payload:
                    published.set()
                    await asyncio.sleep_ms(1_000)

            camera.session.publish = publish
            task = asyncio.create_task(camera.upload(Source(NEW).read, len(NEW)))
            await published.wait()
            camera.revoke()
            return camera, await task

        camera, (status, _) = run(main())
        self.assertEqual((status, camera.restart.requests, camera.job), (200, 1, "upload"))

    def test_request_cancelled_after_the_installation(self):
        """The restart follows although the client has disconnected."""

        async def publish(topic, payload, retain):
            if retain:
                await asyncio.sleep_ms(1_000_000)

        async def main():
            camera = Camera()
            camera.session.publish = publish
            task = asyncio.create_task(camera.upload(Source(NEW).read, len(NEW)))
            await until(lambda: camera.state == "installed")
            await ended(task)
            return camera

        camera = run(main())
        self.assertEqual((camera.restart.requests, camera.job), (1, "upload"))

    def test_progress_once_a_second(self):
        class Slow(Source):
            async def read(self, view):
                await asyncio.sleep_ms(700)
                return await super().read(view)

        camera = Camera()
        run(camera.upload(Slow(NEW).read, len(NEW)))
        reports = [json.loads(p[1]) for p in camera.session.published]
        progress = [(r["percent"], r["bytes"]) for r in reports if r["state"] == "writing"]
        self.assertEqual(progress[-1], (100, len(NEW)))
        self.assertTrue(8 <= len(progress) <= 12, progress)  # in 15 s


class TestSigned(unittest.TestCase):
    KEY = "test-otakey.pem"

    def setUp(self):
        with open(self.KEY, "wb") as f:
            f.write(signing.KEY)

    def tearDown(self):
        os.remove(self.KEY)

    def test_unsigned_is_refused(self):
        camera = Camera(otakey=self.KEY)
        self.assertEqual(camera.send(NEW), (422, "not signed"))
        block = b"CAMSIGN1\0\0\0\0" + NEW[-32:]
        self.assertEqual(camera.send(NEW + block), (422, "not signed"))
        self.assertFalse(camera.board.spare().bootable)

    def test_signed_with_another_key_is_refused(self):
        camera = Camera(otakey=self.KEY)
        block = b"CAMSIGN1\0\1\0\0" + NEW[-32:] + signing.SIGNATURE
        self.assertEqual(camera.send(NEW + block), (422, "signed with another key"))
        # without a key, any signature is accepted
        self.assertEqual(Camera().send(NEW + block)[0], 200)


class TestPush(unittest.TestCase):
    def run_case(self, scenario, **settings):
        async def main():
            camera = Camera(**settings)
            task = asyncio.create_task(camera.run())
            await asyncio.sleep_ms(0)
            try:
                await scenario(camera)
            finally:
                task.cancel()
            return camera

        return run(main())

    def deliver(self, camera, data, retained=False, error=None):
        return outcome(camera.handler.data[1](Source(data, error=error), retained))

    def test_subscribes_replies_on_and_installs(self):
        async def scenario(camera):
            self.assertEqual(camera.cmd_mqttotastart(""), "off")
            self.assertIsNone(camera.cmd_mqttotastart("1"))
            await until(lambda: camera.handler.replies)
            self.assertEqual(camera.handler.replies, [("mqttotastart", "on")])
            self.assertEqual(camera.session.filters, [b"OTA/DVES_A1B2C3/data"])
            self.assertEqual(camera.cmd_mqttotastart(""), "on")
            self.assertEqual(camera.cmd_mqttotastart("1"), "busy")
            await self.deliver(camera, OLD, retained=True)  # a retained image may be old
            self.assertEqual(camera.state, "waiting")
            self.assertIsNone(await self.deliver(camera, NEW))
            await until(lambda: camera.handler.data is None)
            self.assertTrue(camera.board.spare().bootable)
            await asyncio.sleep_ms(3_000)  # nothing starts before the restart
            self.assertEqual((len(camera.handler.replies), camera.state), (1, "installed"))
            self.assertEqual(camera.cmd_mqttotastart("1"), "busy")

        self.run_case(scenario)

    def test_first_of_two_concurrent_images_is_accepted(self):
        async def scenario(camera):
            camera.cmd_mqttotastart("1")
            await until(lambda: camera.handler.replies)
            receive, second = camera.handler.data[1], Source(NEW)
            first = asyncio.create_task(receive(Source(NEW), False))
            await until(lambda: camera.state == "writing")
            await receive(second, False)
            self.assertEqual(second.left, len(NEW))  # skipped by the session
            await first
            await until(lambda: camera.handler.data is None)
            self.assertTrue(camera.board.spare().bootable)
            self.assertEqual(camera.states(), [("installed", None)])

        self.run_case(scenario)

    def test_timeout_without_an_image(self):
        async def scenario(camera):
            camera.cmd_mqttotastart("1")
            await until(lambda: len(camera.handler.replies) == 2, limit_s=25)
            self.assertEqual(camera.handler.replies[1], ("mqttotastart", "off"))
            await until(lambda: camera.job is None)
            self.assertEqual((camera.session.filters, camera.session.reconnects), ([], 0))

        self.run_case(scenario)

    def test_stall_ends_the_link_too(self):
        async def scenario(camera):
            class Stalls(Source):
                async def read_some(self, most):
                    if camera.session.reconnects:
                        raise OSError(128)
                    if self.left < 4_000:
                        await asyncio.sleep_ms(100)
                        return await self.read_some(most)
                    return await super().read_some(most)

            camera.cmd_mqttotastart("1")
            await until(lambda: camera.handler.replies)
            error = await outcome(camera.handler.data[1](Stalls(NEW), False))
            self.assertEqual(error.errno, 128)
            await until(lambda: camera.job is None)
            self.assertEqual(camera.handler.replies[1], ("mqttotastart", "off"))
            self.assertEqual((camera.frames.paused, camera.state), (0, "idle"))
            self.assertFalse(camera.board.spare().bootable)

        self.run_case(scenario)

    def test_second_attempt_after_a_bad_image(self):
        async def scenario(camera):
            for data in (b"junk" * 100, NEW):
                camera.handler.replies.clear()
                camera.cmd_mqttotastart("1")
                await until(lambda: camera.handler.replies)
                await self.deliver(camera, data)
                await until(lambda: camera.handler.data is None)
            self.assertTrue(camera.board.spare().bootable)

        self.run_case(scenario)

    def test_lost_link_and_the_reply_on_the_next_one(self):
        async def scenario(camera):
            camera.cmd_mqttotastart("1")
            await until(lambda: camera.handler.replies)
            receive = camera.handler.data[1]
            camera.session.up.clear()
            error = await outcome(receive(Source(NEW[:9_000], error=OSError(104)), False))
            self.assertEqual(error.errno, 104)
            await asyncio.sleep_ms(3_000)
            self.assertEqual((len(camera.handler.replies), camera.states()), (1, []))
            camera.session.up.set()
            await until(lambda: len(camera.handler.replies) == 2)
            await until(lambda: camera.job is None)
            await until(lambda: camera.states())
            await asyncio.sleep_ms(3_000)
            self.assertEqual([state for state, _ in camera.states()], ["failed"])  # once

        self.run_case(scenario)

    def test_refused_subscription(self):
        async def scenario(camera):
            camera.session.refuses = "refused"
            camera.cmd_mqttotastart("1")
            await until(lambda: camera.handler.replies)
            self.assertEqual(camera.handler.replies, [("mqttotastart", "off")])

        self.run_case(scenario)

    def test_stopped_while_it_arrives(self):
        """The rest of the message is not waited for."""

        async def scenario(camera):
            camera.cmd_mqttotastart("1")
            await until(lambda: camera.handler.data)
            source = Source(NEW)

            class Body:
                left = len(NEW)

                async def read_some(self, most):
                    if camera.session.reconnects:
                        raise OSError(104)
                    await asyncio.sleep_ms(500)
                    return await source.read_some(1)

            task = asyncio.create_task(camera.handler.data[1](Body(), False))
            await until(lambda: camera.state == "writing")
            self.assertEqual(camera.cmd_upgrade("0"), "stopped")
            await until(lambda: camera.job is None, limit_s=3)
            self.assertEqual(camera.session.reconnects, 1)
            self.assertEqual(camera.handler.replies[-1], ("mqttotastart", "off"))
            await outcome(task)

        self.run_case(scenario)

    def test_stopped_by_command(self):
        async def scenario(camera):
            self.assertEqual(camera.cmd_mqttotastart("0"), "off")
            camera.cmd_mqttotastart("on")
            await until(lambda: camera.handler.replies)
            self.assertIsNone(camera.cmd_mqttotastart("off"))
            await until(lambda: camera.job is None, limit_s=2)
            self.assertEqual(camera.handler.replies[1], ("mqttotastart", "off"))

        self.run_case(scenario)


class TestTrial(unittest.TestCase):
    def started(self, seconds=400, **settings):
        """Return a camera `seconds` after its start; `prepare(camera)` runs before the start."""
        prepare = settings.pop("prepare", lambda camera: None)
        camera = Camera(**settings)
        prepare(camera)

        async def main():
            task = asyncio.create_task(camera.run())
            await asyncio.sleep_ms(1_000 * seconds)
            task.cancel()

        run(main())
        return camera

    def pending(self, camera):
        camera.board.is_pending = True
        camera.nvs.stored["OTA_TRIED"] = b"ota_0 1.0.0"

    def test_nothing_to_report(self):
        camera = self.started()
        self.assertEqual((camera.states(), camera.nvs.stored), ([], {}))
        self.assertEqual(camera.trial.cmd_mqttotaconfirm("1"), "OTA image already confirmed")

    def test_removes_a_left_archive_after_the_start(self):
        self.assertEqual(self.started(59).copies.left, ["app_b.zip.new"])
        camera = self.started(62)
        self.assertEqual(camera.copies.left, [])
        self.assertIn("app_b.zip.new of an interrupted update is removed", str(camera.log.infos))

    def test_keeps_the_archive_of_an_upload(self):
        def prepare(camera):
            camera._begin("upload")

        self.assertEqual(self.started(prepare=prepare).copies.left, ["app_b.zip.new"])

    def test_waits_for_confirmation(self):
        camera = self.started(prepare=self.pending)
        self.assertEqual(camera.states(), [("trial", None)])
        for command in (camera.cmd_mqttotastart, camera.cmd_upgrade):
            camera.settings["otaurl"] = "http://x/y"
            self.assertEqual(command("1"), UNCONFIRMED)
        self.assertEqual(camera.send(NEW), (409, UNCONFIRMED))
        self.assertEqual(camera.trial.cmd_mqttotaconfirm("1"), "Confirmed OTA image")
        self.assertEqual((camera.board.confirmed, camera.nvs.stored), (1, {}))
        self.assertEqual(camera.send(NEW)[0], 200)

    def test_confirms_itself(self):
        camera = self.started(prepare=self.pending, otaconfirm=1)
        self.assertEqual(camera.states(), [("confirmed", None)])
        self.assertEqual((camera.board.confirmed, camera.restart.requests), (1, 0))

    def test_privacy_does_not_keep_it_from_confirming_itself(self):
        class Private(Frames):
            async def __aenter__(self):
                raise self.fault

        for fault, confirmed in ((Withheld("privacy is on"), 1), (CameraFault("no frame"), 0)):

            def prepare(camera, fault=fault):
                self.pending(camera)
                camera.trial._frames = Private()
                camera.trial._frames.fault = fault

            camera = self.started(prepare=prepare, otaconfirm=1)
            self.assertEqual(camera.board.confirmed, confirmed)

    def test_an_update_may_choose_whether_it_confirms_itself(self):
        """An upload's choice counts for its update alone, against the setting."""
        for keep, setting, stored, confirmed in (
            (True, 0, b"1", 1),
            (False, 1, b"0", 0),
            (None, 1, None, 1),
            (None, 0, None, 0),
        ):
            camera = Camera()
            camera.nvs.stored["OTA_KEEP"] = b"1"  # of an earlier update
            source = Source(NEW)
            self.assertEqual(run(camera.upload(source.read, len(NEW), keep=keep))[0], 200)
            self.assertEqual(camera.nvs.stored.get("OTA_KEEP"), stored)

            def prepare(started, stored=camera.nvs.stored):
                self.pending(started)
                started.nvs.stored.update(stored)

            started = self.started(prepare=prepare, otaconfirm=setting)
            self.assertEqual(started.board.confirmed, confirmed)
            self.assertEqual((started.trial.kept, started.trial.version), (confirmed, "1.0.0"))
            self.assertEqual(started.trial.keeps_itself, bool(confirmed))
            self.assertEqual(
                "OTA_KEEP" in started.nvs.stored, not confirmed and stored is not None
            )

    def test_go_back_on_request(self):
        self.assertEqual(self.started().trial.cmd_rollback("1"), "Nothing is on trial")
        camera = self.started(prepare=self.pending)
        self.assertRaises(BadArgument, camera.trial.cmd_rollback, "")
        self.assertEqual(camera.restart.requests, 0)
        self.assertEqual(camera.trial.cmd_rollback("1"), "Rolling back")
        self.assertEqual((camera.restart.requests, camera.board.confirmed), (1, 0))
        self.assertEqual(camera.nvs.stored["OTA_REASON"], b"as requested")
        self.assertEqual(camera.log.errors, [])

    def test_time_left_and_what_is_missing(self):
        def prepare(camera):
            self.pending(camera)
            camera.session.up.clear()

        trial = self.started(100, prepare=prepare, otaconfirm=1).trial
        self.assertTrue(190 <= trial.left_s <= 200, trial.left_s)
        self.assertEqual(trial.missing, "broker")
        self.assertIsNone(self.started(100, prepare=prepare).trial.left_s)

    def test_restarts_without_a_broker(self):
        def prepare(camera):
            self.pending(camera)
            camera.session.up.clear()

        camera = self.started(298, prepare=prepare, otaconfirm=1)
        self.assertEqual(camera.restart.requests, 0)
        camera = self.started(303, prepare=prepare, otaconfirm=1)
        self.assertEqual((camera.restart.requests, camera.board.confirmed), (1, 0))
        self.assertEqual(camera.nvs.stored["OTA_REASON"], b"no broker within 300 s")
        camera = self.started(prepare=prepare, otaconfirm=1, mqtthost="")
        self.assertEqual(camera.restart.requests, 0)

    def test_rolled_back(self):
        self.rolled_back(b"", "it restarted unconfirmed")
        self.rolled_back(b"no broker within 300 s", "no broker within 300 s")

    def rolled_back(self, stored, reason):
        def prepare(camera):
            camera.nvs.stored.update({"OTA_TRIED": b"ota_1 1.1.0", "OTA_REASON": stored})
            camera.board.aborted = camera.board.spare()

        camera = self.started(prepare=prepare)
        self.assertEqual(camera.states(), [("rolled back", reason)])
        self.assertEqual(camera.trial.rolled_back, ("1.1.0", reason))
        failed = {"OTA_FAILED": b"1.1.0", "OTA_WHY": reason.encode()}
        self.assertEqual(camera.nvs.stored, failed)
        again = self.started(prepare=lambda camera: camera.nvs.stored.update(failed))
        self.assertEqual(again.trial.rolled_back, ("1.1.0", reason))
        self.assertIn("failed already", camera.send(NEW)[1])

    def test_an_update_right_after_a_rollback_keeps_its_notes(self):
        """The report of the rollback waits for a broker; the next update does not."""
        camera = Camera()
        camera.session.up.clear()
        camera.nvs.stored["OTA_TRIED"] = b"ota_1 1.0.5"
        camera.board.aborted = camera.board.spare()

        async def main():
            task = asyncio.create_task(camera.run())
            await asyncio.sleep_ms(100)
            await camera.upload(Source(NEW).read, len(NEW), keep=True)
            await asyncio.sleep_ms(2_000)
            task.cancel()

        run(main())
        self.assertEqual(camera.nvs.stored["OTA_TRIED"], b"ota_1 1.1.0")
        self.assertEqual(camera.nvs.stored["OTA_KEEP"], b"1")

    def test_nameless_image_is_rolled_back(self):
        """No version is remembered, so no other nameless image counts as the one that failed."""

        def prepare(camera):
            camera.nvs.stored["OTA_TRIED"] = b"ota_1 "
            camera.board.aborted = camera.board.spare()

        camera = self.started(prepare=prepare)
        self.assertEqual(camera.states(), [("rolled back", "it restarted unconfirmed")])
        self.assertEqual(camera.nvs.stored, {})
        self.assertIn("an image without a version was rolled back", str(camera.log.errors))

    def test_nameless_image_waits_for_confirmation(self):
        def prepare(camera):
            camera.board.slots[0].data[: len(OLD)] = image(b"", b"", data=b"\1\2\3\4" * 100)
            self.pending(camera)

        camera = self.started(prepare=prepare)
        self.assertEqual(camera.states(), [("trial", None)])
        self.assertIn("an image without a version is on trial", str(camera.log.infos))

    def test_damaged_notes(self):
        """Neither stops the updater: it starts an update as on a new camera."""

        def prepare(camera):
            camera.nvs.stored.update({"OTA_TRIED": b"\xff\xfe 1.1.0", "OTA_REASON": b"\xff"})

        camera = self.started(prepare=prepare)
        self.assertEqual(camera.states(), [])
        self.assertEqual(camera.send(NEW)[0], 200)

    def test_never_started(self):
        """Power failed after OTA_TRIED was stored and before the boot partition was set."""

        def prepare(camera):
            camera.nvs.stored["OTA_TRIED"] = b"ota_1 1.1.0"

        camera = self.started(prepare=prepare)
        self.assertEqual((camera.states(), camera.nvs.stored), ([], {}))


if __name__ == "__main__":
    suite.main()
