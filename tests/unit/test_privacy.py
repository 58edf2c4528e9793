"""app.privacy: once the reply says on, no picture leaves the camera, after a power cut either."""

import asyncio
import unittest

import suite
from fakes import NVS, Log, clock, ended, outcome, run, settings_on, until
from powercut import MODES, DyingNVS, PowerCut

from app.button import ButtonActions
from app.camera.camera import CameraFault, Withheld
from app.camera.frames import Frames
from app.led import LEDState
from app.mqtt.publisher import ImagePublisher
from app.privacy import Privacy
from proto.values import BadArgument


class Camera:
    """Takes a picture every 100 ms: its number as 100 bytes. It needs power."""

    usual_size = size = "VGA"
    usual_quality = quality = 8
    state, reason, stale, copies = "ready", "no frame", 0, False
    powered = True

    def __init__(self):
        self.captures = 0
        self.fault = None

    def power(self, on, reason=""):
        self.powered = on

    def grab(self):
        return None

    async def capture(self):
        assert self.powered
        await asyncio.sleep_ms(100)
        if self.fault:
            raise self.fault
        self.captures += 1
        return memoryview(bytes((self.captures,)) * 100)

    def release(self, rest=False):
        pass

    def stop(self):
        pass


async def take(frames):
    async with frames.fresh() as frame:
        return bytes(frame.view)


class Outlet:
    """Sends pictures until it is told to drop them."""

    drops = 0

    def drop_pictures(self):
        self.drops += 1


class Session:
    def __init__(self):
        self.up = asyncio.Event()
        self.up.set()
        self.connects = 1
        self.sent, self.reconnects = [], []
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def publish(self, topic, payload, retain=False, qos=0):
        await self.goes_on.wait()
        self.sent.append(clock.now_ms())

    async def confirm(self):
        pass

    def reconnect(self, reason):
        self.reconnects.append(reason)
        self.goes_on.set()


class Board:
    """The parts that privacy concerns, running."""

    def __init__(self, nvs=None):
        self.settings = settings_on(nvs or NVS(), values={"pubinterval": "1"})
        self.camera, self.session, self.outlet = Camera(), Session(), Outlet()
        self.frames = Frames(self.camera, Log())
        self.publisher = ImagePublisher(
            self.frames, self.session, self.settings, b"image", Log(), None
        )
        self.log = Log()
        self.privacy = self.publisher.privacy = Privacy(
            self.settings,
            self.frames,
            [self.outlet],
            lambda: bool(self.frames.leased()),
            self.session.reconnect,
            self.log,
        )
        self.settings.settle_with(self.privacy.settle)
        self.settings.on_change(0, self.privacy.follow)

    async def __aenter__(self):
        self._tasks = [asyncio.create_task(each.run()) for each in (self.frames, self.publisher)]
        return self

    async def __aexit__(self, *_):
        for task in self._tasks:
            await ended(task)

    def command(self, argument):
        return self.settings.command("privacy", argument)


class TestPrivacy(unittest.TestCase):
    def run_case(self, scenario, **more):
        async def main():
            async with Board(**more) as board:
                await scenario(board)

        run(main(), 100_000)

    def test_on_stops_everything_and_off_starts_it_again(self):
        async def scenario(board):
            await until(lambda: board.session.sent)
            self.assertEqual(await board.command("on"), "on")
            self.assertEqual((board.camera.powered, board.outlet.drops), (False, 1))
            sent = len(board.session.sent)
            await asyncio.sleep_ms(10_000)
            self.assertEqual((len(board.session.sent), board.publisher.dropped), (sent, 0))
            self.assertEqual(board.publisher.cmd_capture(""), "no picture: privacy is on")
            error = await outcome(take(board.frames))
            self.assertEqual((type(error), str(error)), (Withheld, "privacy is on"))
            self.assertEqual(await board.command("off"), "off")
            await until(lambda: len(board.session.sent) > sent)
            self.assertEqual((await take(board.frames))[0], board.camera.captures)
            texts = [text for _, text in board.log.infos]
            self.assertEqual(texts, ["on: the sensor has no power", "off"])

        self.run_case(scenario)

    def test_who_waits_for_a_picture_gets_the_reason_at_once(self):
        async def scenario(board):
            waiting = asyncio.create_task(outcome(take(board.frames)))
            await asyncio.sleep_ms(10)
            await board.command("on")
            self.assertEqual(type(await waiting), Withheld)

        self.run_case(scenario)

    def test_an_update_neither_needs_nor_ends_privacy(self):
        async def scenario(board):
            frames = board.frames
            await board.command("on")
            await frames.pause("an update is under way")
            self.assertTrue(frames.at_rest)
            await board.command("off")
            self.assertTrue(frames.at_rest)  # until the update ends
            await board.command("on")
            frames.resume()
            await asyncio.sleep_ms(100)
            self.assertEqual((frames.at_rest, frames.withheld), (False, "privacy is on"))
            self.assertEqual(type(await outcome(take(frames))), Withheld)

        self.run_case(scenario)

    def test_failures_from_before_do_not_count_afterwards(self):
        async def scenario(board):
            board.camera.fault = CameraFault("no frame")
            self.assertEqual(str(await outcome(take(board.frames))), "no frame")
            await board.command("on")
            await asyncio.sleep_ms(60_000)
            board.camera.fault = None
            await board.command("off")
            await take(board.frames)

        self.run_case(scenario)

    def test_the_reply_waits_for_a_picture_on_its_way(self):
        async def scenario(board):
            board.session.goes_on.clear()
            await until(board.frames.leased)
            replied = asyncio.create_task(board.command("on"))
            await asyncio.sleep_ms(1_000)
            self.assertFalse(replied.done())
            board.session.goes_on.set()
            await replied
            self.assertEqual((len(board.session.sent), board.session.reconnects), (1, []))

        self.run_case(scenario)

    def test_a_broker_that_takes_too_long_loses_its_link(self):
        async def scenario(board):
            board.session.goes_on.clear()
            await until(board.frames.leased)
            started = clock.now_ms()
            await board.command("on")
            self.assertTrue(3_000 <= clock.now_ms() - started < 3_200)
            self.assertEqual(board.session.reconnects, ["privacy is on"])

        self.run_case(scenario)


class TestFlash(unittest.TestCase):
    def test_a_power_cut_leaves_on_or_off_and_on_after_the_reply(self):
        for before, argument in ((0, "on"), (1, "off")):
            for mode in MODES:
                cut, replied = 0, ""
                while not replied:
                    nvs = DyingNVS({"PRIVACY": before} if before else {}, cut, mode)
                    settings = settings_on(nvs)
                    try:
                        settings.keep("pulse", 7)  # another change is saved with it
                        replied = run(settings.command("privacy", argument))
                    except PowerCut:
                        pass
                    after = settings_on(DyingNVS(nvs.after_power_cut())).show("privacy")
                    self.assertTrue(after in (replied or ("on", "off")), (mode, cut, after))
                    cut += 1
                self.assertTrue(cut > 3)

    def test_a_start_with_privacy_begins_without_power(self):
        nvs = NVS()
        nvs.stored["PRIVACY"] = 1

        async def main():
            async with Board(nvs) as board:
                self.assertFalse(board.camera.powered)
                await asyncio.sleep_ms(10_000)
                self.assertEqual((board.camera.captures, board.session.sent), (0, []))

        run(main(), 100_000)

    def test_a_flash_that_refuses_gives_no_reply(self):
        nvs = NVS()
        nvs.full = True
        settings = settings_on(nvs)
        error = run(outcome(settings.command("privacy", "on")))
        self.assertEqual(type(error), BadArgument)
        self.assertEqual(
            str(error), "in force, but not saved: writing to flash failed. Send it again"
        )
        self.assertEqual(settings["privacy"], 1)
        nvs.full = False
        self.assertEqual(run(settings.command("privacy", "on")), "on")
        self.assertEqual(nvs.stored, {"PRIVACY": 1})


class TestButtonAndLED(unittest.TestCase):
    def test_the_button_switches_what_the_setting_says(self):
        board, toggled = Board(), []

        class Part:
            def __getattr__(self, name):
                return lambda *args: toggled.append(name)

        part = Part()
        actions = ButtonActions(part, part, part, part, Log(), part.notify)
        actions.privacy = board.privacy
        actions.press()
        self.assertEqual((toggled.count("toggle"), board.privacy.on), (1, False))
        board.settings.put("buttonmode", 1)
        for on in (True, False, True):
            actions.press()
            self.assertEqual((board.privacy.on, board.camera.powered), (on, not on))
        self.assertEqual((toggled.count("toggle"), board.settings["privacy"]), (1, 1))

    def test_the_led_shows_privacy_once_the_broker_is_there(self):
        class WiFi:
            ap_open = False
            state = "joined"

        board = Board()
        state = LEDState(WiFi())
        state.session, state.privacy = board.session, board.privacy
        self.assertEqual(state.now(), "connected")
        board.settings.put("privacy", 1)
        self.assertEqual(state.now(), "private")
        board.session.up.clear()
        self.assertEqual(state.now(), "connecting")


suite.main()
