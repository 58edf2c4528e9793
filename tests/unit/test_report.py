"""app.power and app.mqtt.commands: the broker hears of power and timer once, whoever switched."""

import asyncio
import unittest

from fakes import Log, ended, run, settings_on

from app.commands import Commands
from app.mqtt.commands import CommandDoor
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
    """A payload that is read in one go."""

    def __init__(self, data):
        self.data = data
        self.left = len(data)

    async def into(self, view):
        view[:] = self.data
        self.left = 0


class TestReport(unittest.TestCase):
    def story(self, tell, **values):
        async def whole():
            settings = settings_on(values=values)
            power, session, said = Power(Output(), settings), Session(), []
            commands = Commands(settings)
            commands.own(power=power)
            topics = Topics(settings, "DVES_A1B2C3")
            door = CommandDoor(commands, topics, Log(), said.append, lambda event: None)
            door.session = session
            tasks = [
                asyncio.create_task(each.run())
                for each in (power, PowerReport(power, session, door))
            ]
            await asyncio.sleep_ms(100)
            self.assertEqual(session.published, [])  # there is no session yet
            session.up.set()
            await door.greet(session)
            session.published.clear()

            async def send(name, text):
                await door.receive("cmnd/esp32-mqtt-cam/" + name, Body(text.encode()), False)
                await asyncio.sleep_ms(100)

            try:
                await tell(power, session, send, said, door)
            finally:
                for task in tasks:
                    await ended(task)

        run(whole(), 100_000)

    def test_button_is_told_once_retained_and_sure(self):
        async def tell(power, session, send, said, door):
            power.toggle()
            await asyncio.sleep_ms(10_000)
            self.assertEqual(session.published, [("power", "on", True, 1)])

        self.story(tell)

    def test_command_is_answered_and_not_told_again(self):
        async def tell(power, session, send, said, door):
            await send("light", "toggle")
            self.assertEqual(session.published, [("power", "on", True, 1)])
            await send("power", "on")
            self.assertEqual(session.published[1:], [("power", "on", True, 1)])  # a reply each
            self.assertEqual(said, ["power = on"] * 2)

        self.story(tell)

    def test_timer_counts_down_on_its_topic(self):
        async def tell(power, session, send, said, door):
            await send("timer", "2")
            timer = [("timer", "2", True, 0), ("power", "on", True, 1)]
            self.assertEqual(session.published, timer)
            await asyncio.sleep_ms(61_000)
            self.assertEqual(session.published[2:], [("timer", "1", True, 0)])
            await asyncio.sleep_ms(60_000)
            self.assertEqual(
                sorted(session.published[3:]), [("power", "off", True, 1), ("timer", "0", True, 0)]
            )

        self.story(tell)

    def test_end_of_the_pulse_is_told(self):
        async def tell(power, session, send, said, door):
            await send("power", "on")
            await asyncio.sleep_ms(2_000)
            expected = [("power", "on", True, 1), ("power", "off", True, 1)]
            self.assertEqual(session.published, expected)

        self.story(tell, pulse="10")

    def test_change_without_a_session_is_told_by_the_greeting(self):
        async def tell(power, session, send, said, door):
            session.up.clear()
            power.toggle()
            await asyncio.sleep_ms(1_000)
            self.assertEqual(session.published, [])
            session.up.set()
            await door.greet(session)
            self.assertTrue(("power", "on", True, 1) in session.published)
            self.assertTrue(("timer", "0", True, 0) in session.published)

        self.story(tell)


unittest.main()
