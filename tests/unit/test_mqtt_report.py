"""app.power and app.mqtt.commands: each change of power or timer is published once."""

import asyncio
import unittest

import suite
from fakes import Log, ended, run, settings_on

from app.commands import Commands
from app.mqtt.commands import CommandHandler
from app.mqtt.topics import Topics
from app.power import Power, PowerReport


class Output:
    on = False

    def set(self, on):
        self.on = bool(on)


class Session:
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


class TestReport(unittest.TestCase):
    def run_case(self, scenario, **values):
        async def main():
            settings = settings_on(values=values)
            power, session, lines = Power(Output(), settings), Session(), []
            commands = Commands(settings)
            commands.own(power=power)
            topics = Topics(settings, "DVES_A1B2C3")
            handler = CommandHandler(commands, topics, Log(), lines.append, lambda event: None)
            handler.session = session
            tasks = [
                asyncio.create_task(each.run())
                for each in (power, handler, PowerReport(power, session, handler))
            ]
            await asyncio.sleep_ms(100)
            self.assertEqual(session.published, [])  # no session yet
            session.up.set()
            await handler.announce(session)
            session.published.clear()

            async def send(name, text):
                await handler.receive("cmnd/esp32-mqtt-cam/" + name, Body(text.encode()), False)
                await asyncio.sleep_ms(100)

            try:
                await scenario(power, session, send, lines, handler)
            finally:
                for task in tasks:
                    await ended(task)

        run(main(), 100_000)

    def test_button_press_is_published_once_retained_at_qos_1(self):
        async def scenario(power, session, send, lines, handler):
            power.toggle()
            await asyncio.sleep_ms(10_000)
            self.assertEqual(session.published, [("power", "on", True, 1)])

        self.run_case(scenario)

    def test_reply_to_a_command_is_not_repeated(self):
        async def scenario(power, session, send, lines, handler):
            await send("light", "toggle")
            self.assertEqual(session.published, [("power", "on", True, 1)])
            await send("power", "on")
            self.assertEqual(session.published[1:], [("power", "on", True, 1)])  # one reply each
            self.assertEqual(lines, ["power = on"] * 2)

        self.run_case(scenario)

    def test_timer_counts_down_on_its_topic(self):
        async def scenario(power, session, send, lines, handler):
            await send("timer", "2")
            timer = [("timer", "2", True, 0), ("power", "on", True, 1)]
            self.assertEqual(session.published, timer)
            await asyncio.sleep_ms(61_000)
            self.assertEqual(session.published[2:], [("timer", "1", True, 0)])
            await asyncio.sleep_ms(60_000)
            self.assertEqual(
                sorted(session.published[3:]), [("power", "off", True, 1), ("timer", "0", True, 0)]
            )

        self.run_case(scenario)

    def test_end_of_the_pulse_is_published(self):
        async def scenario(power, session, send, lines, handler):
            await send("power", "on")
            await asyncio.sleep_ms(2_000)
            expected = [("power", "on", True, 1), ("power", "off", True, 1)]
            self.assertEqual(session.published, expected)

        self.run_case(scenario, pulse="10")

    def test_greeting_publishes_a_change_made_without_a_session(self):
        async def scenario(power, session, send, lines, handler):
            session.up.clear()
            power.toggle()
            await asyncio.sleep_ms(1_000)
            self.assertEqual(session.published, [])
            session.up.set()
            await handler.announce(session)
            self.assertTrue(("power", "on", True, 1) in session.published)
            self.assertTrue(("timer", "0", True, 0) in session.published)

        self.run_case(scenario)


suite.main()
