"""app.mqtt.states: each change of a state is published once, and all states on each connect."""

import asyncio
import unittest

import suite
from fakes import Log, ended, run, settings_on

from app.commands import Commands
from app.mqtt.commands import CommandHandler
from app.mqtt.states import SETTINGS, States
from app.mqtt.topics import Topics
from app.power import Power
from app.settings.schema import FLAGS, HIDDEN, NAME, SCHEMA, SECRET


class Output:
    on = False

    def set(self, on):
        self.on = bool(on)


class Camera:
    """Owner of the command `camera`."""

    text = '{"quality": 8}'

    def cmd_camera(self, argument):
        return self.text


class Updates:
    """Owner of the command `update`."""

    def cmd_update(self, argument):
        return '{"installed_version": "2.0.0"}'


class Session:
    state = "offline"

    def __init__(self):
        self.up = asyncio.Event()
        self.published = []
        self.error = None

    async def publish(self, topic, payload, retain=False, qos=0):
        if self.error:
            raise self.error
        self.published.append((topic.decode().split("/")[-1], payload.decode(), retain, qos))


class Body:
    """Payload that is read at once."""

    def __init__(self, data):
        self.data = data
        self.left = len(data)

    async def readinto(self, view):
        view[:] = self.data
        self.left = 0


class Case:
    """The components, running; `send` sends a command."""

    def __init__(self, values):
        self.settings = settings_on(values=values)
        self.power = Power(Output(), self.settings, Log())
        self.camera, self.session, self.lines = Camera(), Session(), []
        commands = Commands(self.settings)
        commands.own(power=self.power, params=self.camera, update=Updates())
        topics = Topics(self.settings, "DVES_A1B2C3")
        self.states = States(commands, topics, self.settings)
        self.states.session = self.session
        self.handler = CommandHandler(
            commands, topics, self.states, Log(), self.lines.append, lambda event: None
        )
        self.power.watchers.append(lambda: self.states.changed("power"))
        self.settings.on_change(0, lambda: self.states.changed(SETTINGS))

    async def connect(self):
        self.session.up.set()
        await self.handler.announce(self.session)
        await asyncio.sleep_ms(1_000)

    async def send(self, name, text):
        await self.handler.receive("cmnd/esp32-mqtt-cam/" + name, Body(text.encode()), False)
        await asyncio.sleep_ms(100)


def run_case(scenario, **values):
    """Run `scenario(case)` on a camera that has connected and published its states."""

    async def main():
        case = Case(values)
        parts = case.power, case.handler, case.states
        tasks = [asyncio.create_task(each.run()) for each in parts]
        await asyncio.sleep_ms(100)
        assert case.session.published == []  # no session yet
        await case.connect()
        case.greeting = list(case.session.published)
        case.session.published.clear()
        try:
            await scenario(case)
        finally:
            for task in tasks:
                await ended(task)

    run(main(), 100_000)


class TestConnect(unittest.TestCase):
    def test_names_then_power_then_all_other_states(self):
        async def scenario(case):
            names = [each[0] for each in case.greeting]
            self.assertEqual(names[:3], ["NAME", "VERSION", "FALLBACKTOPIC"])
            self.assertEqual(case.greeting[2][1:], ("DVES_A1B2C3", False, 0))
            self.assertEqual(
                case.greeting[3:5], [("power", "off", True, 1), ("timer", "0", True, 0)]
            )
            self.assertEqual(names[5:7], ["camera", "update"])
            hidden = HIDDEN | SECRET
            self.assertEqual(names[7:], [row[NAME] for row in SCHEMA if not row[FLAGS] & hidden])
            self.assertTrue(all(retain for _, _, retain, _ in case.greeting[3:]))

        run_case(scenario)

    def test_no_state_is_retained_without_the_setting(self):
        async def scenario(case):
            self.assertTrue(len(case.greeting) > 20)
            await case.send("power", "on")
            self.assertFalse(any(each[2] for each in case.greeting + case.session.published))

        run_case(scenario, retain="0")

    def test_changes_without_a_session_follow_the_next_connect(self):
        async def scenario(case):
            case.session.up.clear()
            case.power.toggle()
            await case.settings.set("pulse", "5")
            await asyncio.sleep_ms(1_000)
            self.assertEqual(case.session.published, [])
            await case.connect()
            self.assertEqual(len(case.session.published), len(case.greeting))
            self.assertTrue(("power", "on", True, 1) in case.session.published)
            self.assertTrue(("pulse", "5", True, 0) in case.session.published)

        run_case(scenario)

    def test_lost_link_ends_no_component(self):
        async def scenario(case):
            case.session.error = OSError("gone")
            case.power.toggle()
            await asyncio.sleep_ms(1_000)
            case.session.error = None
            await case.connect()
            self.assertTrue(("power", "on", True, 1) in case.session.published)

        run_case(scenario)


class TestChanges(unittest.TestCase):
    def test_button_press_is_published_once_retained_at_qos_1(self):
        async def scenario(case):
            case.power.toggle()
            await asyncio.sleep_ms(10_000)
            self.assertEqual(case.session.published, [("power", "on", True, 1)])

        run_case(scenario)

    def test_reply_to_a_command_is_not_repeated(self):
        async def scenario(case):
            await case.send("light", "toggle")
            self.assertEqual(case.session.published, [("power", "on", True, 1)])
            await case.send("power", "on")
            self.assertEqual(case.session.published[1:], [("power", "on", True, 1)])
            self.assertEqual(case.lines, ["power = on"] * 2)
            await case.send("pubinterval", "7")
            self.assertEqual(case.session.published[2:], [("pubinterval", "7", True, 0)])

        run_case(scenario)

    def test_timer_counts_down_on_its_topic(self):
        async def scenario(case):
            await case.send("timer", "2")
            timer = [("timer", "2", True, 0), ("power", "on", True, 1)]
            self.assertEqual(case.session.published, timer)
            await asyncio.sleep_ms(61_000)
            self.assertEqual(case.session.published[2:], [("timer", "1", True, 0)])
            await asyncio.sleep_ms(60_000)
            self.assertEqual(
                sorted(case.session.published[3:]),
                [("power", "off", True, 1), ("timer", "0", True, 0)],
            )

        run_case(scenario)

    def test_end_of_the_pulse_is_published(self):
        async def scenario(case):
            await case.send("power", "on")
            await asyncio.sleep_ms(2_000)
            expected = [("power", "on", True, 1), ("power", "off", True, 1)]
            self.assertEqual(case.session.published, expected)

        run_case(scenario, pulse="10")

    def test_setting_changed_elsewhere(self):
        async def scenario(case):
            await case.settings.apply({"pulse": "5", "timezone": "UTC0", "mqttpass": "secret"})
            await asyncio.sleep_ms(1_000)
            expected = [("pulse", "5", True, 0), ("timezone", "UTC0", True, 0)]
            self.assertEqual(case.session.published, expected)

        run_case(scenario)

    def test_camera_changed_elsewhere(self):
        async def scenario(case):
            case.camera.text = '{"quality": 9}'
            case.states.changed("params")
            case.states.changed("params")
            await asyncio.sleep_ms(1_000)
            self.assertEqual(case.session.published, [("camera", '{"quality": 9}', True, 0)])

        run_case(scenario)


suite.main()
