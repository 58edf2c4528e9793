"""app.mqtt.session against a scripted broker that misbehaves."""

import asyncio
import gc
import unittest

import suite
from broker import (
    CONNECT,
    DISCONNECT,
    PINGREQ,
    PUBACK,
    PUBLISH,
    SUBSCRIBE,
    UNSUBSCRIBE,
    Broker,
)
from fakes import Backoff, Deadlines, Direct, Log, clock, ended, outcome, run, until

from aio.backoff import Backoff as RealBackoff
from aio.connect import Connector
from app.mqtt.commands import CommandHandler
from app.mqtt.connection import Connection
from app.mqtt.outbox import Outbox
from app.mqtt.receiver import Receiver
from app.mqtt.session import MQTTSession, NotConnected
from app.mqtt.states import States
from app.mqtt.topics import Topics

POWER = b"stat/cam/power"
BIG = bytes(100_000)


async def publish_for_ever(session):
    while True:
        await session.publish(b"data/cam/image", BIG)


class PowerCommand:
    """Stands in for app.commands, with one command."""

    def __init__(self):
        self.calls = 0

    async def call(self, name, argument, group=False):
        self.calls += 1
        return "power", str(self.calls), 3  # retained, QoS 1

    def names(self, group=False):
        return ["power"]


class Camera:
    """MQTT side of the firmware and its broker."""

    def __init__(self, backoff=None, **settings):
        self.broker = Broker()
        self.settings = {
            "retain": 1,
            "mqtthost": "mqtt://127.0.0.1",
            "mqttport": self.broker.port,
            "mqttsecurity": 0,
            "mqttverify": 0,
            "mqttpin": "",
            "mqttca": "",
            "mqttcert": "",
            "mqttkey": "",
            "mqttkeepalive": 10,
            "mqttcleansession": 1,
            "deepsleep": 0,
            "mqttuser": "",
            "mqttpass": "",
            "topic": "cam",
            "grouptopic": "cams",
            "subtopic": "#",
            "mqttclientid": "",
            "hadiscovery": 0,
        }
        self.settings.update(settings)
        self.log = Log()
        self.wifi_up, self.clock_set = asyncio.Event(), asyncio.Event()
        self.wifi_up.set()
        self.deadlines = Deadlines(250)
        topics = Topics(self.settings, "DVES_A1B2C3")
        connector = Connector(Direct(), self.deadlines)
        self.connection = Connection(
            connector, self.settings, topics, self.wifi_up, self.clock_set, self.log
        )
        self.commands = PowerCommand()
        states = States(self.commands, topics, self.settings)
        self.handler = handler = CommandHandler(
            self.commands, topics, states, self.log, lambda text: None, lambda event: None
        )
        self.outbox = Outbox()
        self.session = MQTTSession(
            self.connection,
            Receiver(handler),
            self.outbox,
            self.settings,
            topics,
            self.log,
            backoff or Backoff(1_000),
        )
        states.session = self.session

    async def __aenter__(self):
        await self.broker.__aenter__()
        self._tasks = [
            asyncio.create_task(each.run())
            for each in (self.deadlines, self.handler, self.session)
        ]
        return self

    async def __aexit__(self, kind, error, trace):
        for task in reversed(self._tasks):
            await ended(task)
        await self.broker.__aexit__(kind, error, trace)

    async def up(self):
        await until(self.session.up.is_set, "up")


class SessionTestCase(unittest.TestCase):
    def run_case(self, scenario, **settings):
        async def main():
            async with Camera(**settings) as camera:
                return await scenario(camera, camera.broker, camera.session)

        return run(main())


class TestConnect(SessionTestCase):
    def test_connects_subscribes_and_publishes_the_greeting(self):
        async def scenario(camera, broker, session):
            greeted = []

            async def announce(who):
                greeted.append(who)

            session.announce = announce
            await camera.up()
            await until(lambda: greeted and broker.of(PUBLISH))
            connect = broker.packets[0]
            self.assertEqual(connect.kind, CONNECT)
            self.assertEqual(
                connect.body,
                b"\x00\x04MQTT\x04\x2e\x00\x0a\x00\x0bDVES_A1B2C3\x00\x0ctele/cam/LWT\x00\x07Offline",
            )
            subscribed = broker.of(SUBSCRIBE)
            self.assertEqual(
                sorted(p.topic for p in subscribed),
                ["cmnd/DVES_A1B2C3/#", "cmnd/cam/#", "cmnd/cams/#"],
            )
            self.assertEqual([p.body[-1] for p in subscribed], [1, 1, 1])  # at QoS 1
            online = broker.of(PUBLISH)[0]
            self.assertEqual((online.topic, online.payload), ("tele/cam/LWT", b"Online"))
            self.assertTrue(online.retain)
            self.assertEqual(greeted, [session])
            self.assertEqual((session.state, session.reason), ("connected", ""))
            self.assertEqual(session.connects, 1)

        self.run_case(scenario)

    def test_login_and_persistent_session(self):
        async def scenario(camera, broker, session):
            await camera.up()
            body = broker.packets[0].body
            self.assertEqual(body[7], 0xEC)  # user, password, will retained at QoS 1, not clean
            self.assertTrue(body.endswith("\0\3joe\0\6s3cré".encode()), body)

        self.run_case(scenario, mqttuser="joe", mqttpass="s3cré", mqttcleansession=0)

    def test_with_deep_sleep_the_session_is_persistent_and_its_end_says_so(self):
        async def scenario(camera, broker, session):
            await camera.up()
            self.assertEqual(broker.packets[0].body[7] & 2, 0)  # not clean
            broker.closes_on = lambda packet: packet.kind == DISCONNECT
            await session.stop(b"Sleeping")
            await until(lambda: not session.up.is_set())
            last = broker.of(PUBLISH)[-1]
            self.assertEqual((last.topic, last.payload), ("tele/cam/LWT", b"Sleeping"))
            self.assertTrue(last.retain)
            self.assertEqual(camera.log.errors, [])  # because the end is no fault
            self.assertEqual(camera.log.infos[-1], ("mqtt", "disconnected"))
            await camera.up()  # nothing has sent it to sleep

        self.run_case(scenario, deepsleep=600)

    def test_commands_that_the_broker_has_kept_run_once_their_replies_can_be_sent(self):
        async def scenario(camera, broker, session):
            async def call(name, argument, group=False):
                return name, "up" if session.up.is_set() else "down", 0

            def stall(packet):
                broker.reads = False  # it answers no subscription
                broker.closes_on = lambda packet: False

            camera.commands.call = call
            kept = b"\x32\x13\0\x0ecmnd/cam/power\0\1" + b"1"
            broker.connack = b"\x20\x02\1\0" + kept
            broker.closes_on = stall
            await asyncio.sleep(1)
            broker.reads = True
            await until(lambda: broker.of(PUBLISH, "stat/cam/power"), "the reply")
            self.assertEqual(broker.of(PUBLISH, "stat/cam/power")[0].payload, b"up")

        self.run_case(scenario, deepsleep=600)

    def test_waits_for_a_host_and_for_wifi_with_a_reason(self):
        async def scenario(camera, broker, session):
            host, camera.settings["mqtthost"] = camera.settings["mqtthost"], ""
            camera.wifi_up.clear()
            await until(lambda: "mqtthost" in camera.connection.waits_for)
            camera.settings["mqtthost"] = host
            await until(lambda: "Wi-Fi" in camera.connection.waits_for)
            self.assertEqual((session.state, broker.links), ("offline", 0))
            camera.wifi_up.set()
            await camera.up()
            self.assertEqual(camera.connection.waits_for, "")

        self.run_case(scenario)

    def test_verification_waits_for_the_time(self):
        async def scenario(camera, broker, session):
            await until(lambda: "time" in camera.connection.waits_for)
            await asyncio.sleep_ms(60_000)
            self.assertEqual(broker.links, 0)

        self.run_case(scenario, mqtthost="mqtts://127.0.0.1")

    def test_refusal_is_reported_and_retried(self):
        self.refused(1, "protocol")
        self.refused(2, "client id")
        self.refused(3, "unavailable")
        self.refused(4, "password", 30)
        self.refused(5, "authorised", 30)
        self.refused(0x80, "128")

    def refused(self, code, word, rest_s=1):
        async def scenario(camera, broker, session):
            broker.connack = bytes((0x20, 2, 0, code))
            started = clock.now_ms()
            await until(lambda: broker.links == 3)
            elapsed = clock.now_ms() - started
            self.assertTrue(2_000 * rest_s <= elapsed < 2_000 * rest_s + 3_000, elapsed)
            self.assertFalse(session.up.is_set())
            self.assertTrue(word in session.reason, session.reason)
            broker.connack = b"\x20\x02\x00\x00"
            await camera.up()
            self.assertEqual(session.reason, "")

        self.run_case(scenario)

    def test_close_is_explained_by_its_phase(self):
        def is_retained(packet):
            return packet.kind == PUBLISH and packet.retain and packet.topic == "tele/cam/LWT"

        for closes_on, reason in (
            (lambda packet: packet.kind == CONNECT, "refused or closed on the login"),
            (lambda packet: packet.topic == "cmnd/cams/#", "the subscription to cmnd/cams/#"),
            (is_retained, "closed on tele/cam/LWT: if the broker keeps no retained messages"),
        ):
            self.closed(closes_on, reason)

    def closed(self, closes_on, reason):
        async def scenario(camera, broker, session):
            broker.closes_on = closes_on
            await until(lambda: reason in session.reason, reason)
            broker.closes_on = lambda packet: False
            await camera.up()
            self.assertEqual(session.reason, "")

        self.run_case(scenario)

    def test_close_of_a_link_is_explained_by_the_last_message(self):
        async def scenario(camera, broker, session):
            async def end(topic, size, retain, confirmed=False, later_ms=0):
                await camera.up()
                if confirmed:
                    await session.publish(topic, bytes(size))
                    await session.confirm()
                await session.publish(topic, bytes(size), retain)
                await until(lambda: broker.of(PUBLISH, topic.decode()))
                await asyncio.sleep_ms(later_ms)
                broker.packets.clear()
                broker.stream.close()
                await until(lambda: session.reason)
                return session.reason

            image = b"data/cam/image"
            self.assertIn("closed on a picture of 5000 bytes", await end(image, 5_000, True))
            other = b"data/cam/motion/3"
            self.assertIn("closed on a picture of 5000 bytes", await end(other, 5_000, False))
            self.assertIn("closed by the broker", await end(image, 5_000, True, True))
            self.assertIn("closed by the broker", await end(image, 5_000, True, later_ms=4_000))
            self.assertIn("closed on stat/cam/a: if the broker", await end(b"stat/cam/a", 5, True))
            self.assertIn("not allow this topic", await end(b"stat/cam/a", 5, False))

        self.run_case(scenario)

    def test_acknowledged_messages_do_not_explain_the_close_of_a_link(self):
        async def scenario(camera, broker, session):
            async def end(size):
                """Send a picture and a report, which is acknowledged, then two that are not."""
                await camera.up()
                for count, acknowledged in ((5_000, True), (size, False)):
                    broker.puback = acknowledged
                    await session.publish(b"data/cam/live", bytes(count))
                    report = await session.publish(b"tele/cam/LIVE", b"{}", qos=1)
                    if acknowledged:
                        await report.acknowledged.wait()
                await until(lambda: len(broker.of(PUBLISH, "tele/cam/LIVE")) == 2)
                broker.packets.clear()
                broker.puback = True
                broker.stream.close()
                await until(lambda: session.reason)
                reason = session.reason
                await camera.up()
                await until(lambda: broker.of(PUBLISH, "tele/cam/LIVE"))  # sent again
                broker.packets.clear()
                return reason

            self.assertIn("closed by the broker", await end(5_000))
            self.assertIn("closed on a picture of 9000 bytes", await end(9_000))

        self.run_case(scenario)

    def test_other_protocols_on_the_port(self):
        for answer, reason in (
            (b"HTTP/1.1 400", "a web server answers"),
            (b"\x15\x03\x01\x00\x02\x02\x46", "the port expects TLS: use mqtts://"),
        ):
            self.other_protocol(answer, reason)

    def other_protocol(self, answer, reason):
        async def scenario(camera, broker, session):
            broker.connack = answer
            await until(lambda: session.reason)
            self.assertIn(reason, session.reason)

        self.run_case(scenario)

    def test_without_a_group_topic(self):
        async def scenario(camera, broker, session):
            await camera.up()
            topics = sorted(packet.topic for packet in broker.of(SUBSCRIBE))
            self.assertEqual(topics, ["cmnd/DVES_A1B2C3/#", "cmnd/cam/#"])
            await broker.stream.send(b"\x30\x0a\x00\x08cmnd/x/y")  # is no command
            await broker.stream.send(b"\x30\x10\x00\x0ecmnd/cam/power")
            await until(lambda: camera.commands.calls)
            self.assertEqual(camera.commands.calls, 1)

        self.run_case(scenario, grouptopic="-")

    def test_missing_connack_ends_the_attempt(self):
        async def scenario(camera, broker, session):
            broker.connack = b""
            started = clock.now_ms()
            await until(lambda: session.state == "waiting")
            self.assertTrue(14_000 < clock.now_ms() - started < 17_000)
            self.assertTrue("no answer" in session.reason, session.reason)
            await until(lambda: broker.open == 0)
            broker.connack = b"\x20\x02\x00\x00"
            await camera.up()

        self.run_case(scenario)

    def test_anything_but_a_connack_ends_the_attempt(self):
        for answer in (b"\x30\x02\x00\x00", b"\x20\x03\x00\x00", b"HTTP/1.1 400"):
            self.no_connack(answer)

    def no_connack(self, answer):
        async def scenario(camera, broker, session):
            broker.connack = answer
            await until(lambda: broker.links == 2)
            self.assertFalse(session.up.is_set())
            await until(lambda: broker.open < 2)

        self.run_case(scenario)

    def test_closed_port(self):
        async def scenario(camera, broker, session):
            await until(lambda: len(camera.log.errors) > 2)
            self.assertEqual(broker.links, 0)
            self.assertFalse(session.up.is_set())
            camera.settings["mqttport"] = broker.port
            await camera.up()

        self.run_case(scenario, mqttport=1)

    def test_retained_messages_may_delay_the_suback(self):
        async def scenario(camera, broker, session):
            broker.suback = None
            await until(lambda: len(broker.of(SUBSCRIBE)) == 3)
            for _ in range(30):
                await broker.stream.send(b"\x31\x10\x00\x0ecmnd/cam/power")
                await asyncio.sleep_ms(2_000)
            for packet in broker.of(SUBSCRIBE):
                await broker.stream.send(b"\x90\x03" + packet.body[:2] + b"\x01")
            await camera.up()
            self.assertEqual((broker.links, camera.commands.calls), (1, 0))

        self.run_case(scenario, mqttkeepalive=120)

    def test_missing_suback_ends_the_link(self):
        async def scenario(camera, broker, session):
            broker.suback = None
            await until(lambda: broker.links == 2)
            self.assertTrue("SUBACK" in session.reason, session.reason)
            broker.suback = 1
            await camera.up()

        self.run_case(scenario)

    def test_refused_subscription_is_logged_and_retried(self):
        async def scenario(camera, broker, session):
            broker.suback = 0x80
            await camera.up()
            self.assertEqual(len(camera.log.errors), 3)
            broker.suback = 1
            await until(lambda: len(broker.of(SUBSCRIBE)) == 6)
            self.assertEqual(broker.links, 1)
            self.assertEqual(len({p.topic for p in broker.of(SUBSCRIBE)[3:]}), 3)

        self.run_case(scenario)

    def test_packet_ids_of_a_lost_link_are_dropped(self):
        async def scenario(camera, broker, session):
            broker.suback = None
            await until(lambda: len(broker.of(SUBSCRIBE)) == 3)
            broker.suback = 1
            broker.stream.close()
            await camera.up()
            self.assertEqual((broker.links, session.connects), (2, 1))

        self.run_case(scenario)


class TestExtraSubscription(SessionTestCase):
    def test_survives_a_lost_link_until_unsubscribe(self):
        async def scenario(camera, broker, session):
            await camera.up()
            await session.subscribe(b"OTA/x/data")
            found = broker.of(SUBSCRIBE, "OTA/x/data")
            self.assertEqual([p.body[-1] for p in found], [0])  # at QoS 0
            broker.stream.close()
            await until(lambda: len(broker.of(SUBSCRIBE, "OTA/x/data")) == 2)
            await camera.up()
            await session.unsubscribe()
            await until(lambda: broker.of(UNSUBSCRIBE, "OTA/x/data"))
            broker.stream.close()
            await until(lambda: broker.links == 3)
            await camera.up()
            self.assertEqual(len(broker.of(SUBSCRIBE, "OTA/x/data")), 2)
            await session.unsubscribe()  # the second call does nothing
            await asyncio.sleep_ms(1_000)
            self.assertEqual((len(broker.of(UNSUBSCRIBE)), session.reason), (1, ""))

        self.run_case(scenario)

    def test_refusal_is_raised_and_not_retried(self):
        async def scenario(camera, broker, session):
            await camera.up()
            broker.suback = 0x80
            error = await outcome(session.subscribe(b"OTA/x/data"))
            self.assertIn("OTA/x/data", str(error))
            await session.unsubscribe()
            await asyncio.sleep_ms(30_000)
            self.assertEqual(len(broker.of(SUBSCRIBE, "OTA/x/data")), 1)

        self.run_case(scenario)

    def test_without_a_link_it_raises_not_connected(self):
        async def scenario(camera, broker, session):
            self.assertTrue(isinstance(await outcome(session.subscribe(b"x")), NotConnected))
            await session.unsubscribe()
            await camera.up()
            self.assertEqual(broker.of(SUBSCRIBE, "x"), [])

        self.run_case(scenario)


class TestLink(SessionTestCase):
    def test_ping_keeps_the_link_alive(self):
        async def scenario(camera, broker, session):
            await camera.up()
            await asyncio.sleep_ms(1_200_000)
            self.assertEqual((broker.links, session.state), (1, "connected"))
            self.assertTrue(len(broker.of(PINGREQ)) >= 18)

        self.run_case(scenario, mqttkeepalive=120)

    def test_missing_pingresp_ends_the_link(self):
        async def scenario(camera, broker, session):
            await camera.up()
            broker.pingresp = False
            started = clock.now_ms()
            await until(lambda: not session.up.is_set())
            self.assertTrue(clock.now_ms() - started <= 1_500 * 30)
            broker.pingresp = True
            await camera.up()
            self.assertEqual(broker.links, 2)

        self.run_case(scenario, mqttkeepalive=30)

    def test_confirm_ends_though_the_link_ended_while_the_ping_was_sent(self):
        async def scenario(camera, broker, session):
            await camera.up()
            ping = session._ping

            async def lost():
                await ping()
                session._fail(OSError("lost"))
                await until(lambda: not session.up.is_set())

            session._ping = lost
            task = asyncio.create_task(outcome(session.confirm()))
            await asyncio.sleep_ms(500)
            session._ping = ping
            self.assertTrue(task.done())
            self.assertTrue(isinstance(await task, NotConnected))

        self.run_case(scenario)

    def test_confirm_waits_for_the_answer_or_for_the_end_of_the_link(self):
        async def scenario(camera, broker, session):
            await camera.up()
            await session.confirm()
            broker.pingresp = False
            waiting = asyncio.create_task(outcome(session.confirm()))
            await until(lambda: not session.up.is_set())
            self.assertTrue(isinstance(await waiting, NotConnected))

        self.run_case(scenario)

    def test_malformed_packet_closes_the_link_and_the_next_one_works(self):
        for packet in (b"\x30\xff\xff\xff\xff\x01", b"\x00\x00", b"\x36\x05\x00\x01a\x00\x01"):
            self.malformed(packet)

    def malformed(self, packet):
        async def scenario(camera, broker, session):
            await camera.up()
            for byte in packet:
                await broker.stream.send(bytes((byte,)))
            await until(lambda: broker.links == 2)
            await camera.up()
            await until(lambda: broker.open == 1)
            self.assertEqual(session.connects, 2)

        self.run_case(scenario)

    def test_takeover_by_another_client_delays_the_reconnect(self):
        async def scenario(camera, broker, session):
            await camera.up()
            started = clock.now_ms()
            while clock.now_ms() - started < 600_000:
                if session.up.is_set():
                    broker.stream.close()  # as for another client with the same id
                await asyncio.sleep_ms(50)
            self.assertTrue(10 <= broker.links <= 60, broker.links)
            await camera.up()

        self.run_case(scenario, backoff=RealBackoff)

    def test_changed_settings_reconnect(self):
        async def scenario(camera, broker, session):
            await camera.up()
            session.reconnect()
            await until(lambda: broker.links == 2)
            await camera.up()

        self.run_case(scenario)

    def test_settings_changed_while_connecting_take_effect(self):
        async def scenario(camera, broker, session):
            async with Broker() as other:
                broker.connack = b""
                await until(lambda: broker.packets)
                camera.settings["mqttport"] = other.port
                session.reconnect()
                await broker.stream.send(b"\x20\x02\x00\x00")
                await until(lambda: other.packets, "at the new broker")
                await camera.up()
                await until(lambda: broker.open == 0)

        self.run_case(scenario)

    def test_changed_settings_end_the_backoff(self):
        async def scenario(camera, broker, session):
            broker.connack = b"\x20\x02\x00\x05"
            await until(lambda: session.state == "waiting")
            broker.connack = b"\x20\x02\x00\x00"
            started = clock.now_ms()
            session.reconnect()
            await camera.up()
            self.assertTrue(clock.now_ms() - started < 5_000)

        self.run_case(scenario)

    def test_stop_publishes_offline_and_disconnects(self):
        async def scenario(camera, broker, session):
            await camera.up()
            await session.stop()
            await until(lambda: broker.of(DISCONNECT))
            last = broker.of(PUBLISH)[-1]
            self.assertEqual((last.topic, last.payload), ("tele/cam/LWT", b"Offline"))
            self.assertTrue(last.retain)
            self.assertEqual(broker.packets[-1].kind, DISCONNECT)

        self.run_case(scenario)

    def test_stop_without_a_link_does_nothing(self):
        async def scenario(camera, broker, session):
            self.assertIsNone(await session.stop())

        self.run_case(scenario, mqtthost="")


class TestPublish(SessionTestCase):
    def test_frame_arrives_complete_and_retained(self):
        frame = bytes(i % 251 for i in range(1_000)) * 50

        async def scenario(camera, broker, session):
            await camera.up()
            for length in (0, 1, 300, 600, 50_000):
                await session.publish(b"data/cam/image", memoryview(frame)[:length], True)
            await until(lambda: len(broker.of(PUBLISH, "data/cam/image")) == 5)
            got = broker.of(PUBLISH, "data/cam/image")
            self.assertEqual([len(p.payload) for p in got], [0, 1, 300, 600, 50_000])
            self.assertTrue(got[-1].payload == frame)
            self.assertEqual([p.flags for p in got], [1] * 5)

        self.run_case(scenario)

    def test_frame_without_a_link_is_refused_at_once(self):
        async def scenario(camera, broker, session):
            return await outcome(session.publish(b"data/cam/image", b"x"))

        self.assertIsInstance(self.run_case(scenario, mqtthost=""), NotConnected)

    def test_packets_of_several_tasks_do_not_mix(self):
        async def scenario(camera, broker, session):
            await camera.up()

            async def publish(n):
                for _ in range(5):
                    await session.publish(b"t", bytes((n,)) * (20_000 + n), qos=n & 1)

            tasks = [asyncio.create_task(publish(n)) for n in range(4)]
            for task in tasks:
                await task
            await until(lambda: len(broker.of(PUBLISH, "t")) == 20)
            for packet in broker.of(PUBLISH, "t"):
                n = packet.payload[0]
                self.assertTrue(packet.payload == bytes((n,)) * (20_000 + n))
            await until(lambda: not len(camera.outbox))
            self.assertEqual(broker.links, 1)

        self.run_case(scenario)

    def test_broker_that_stops_reading_loses_one_frame_and_one_link(self):
        async def scenario(camera, broker, session):
            await camera.up()
            broker.reads = False
            started = clock.now_ms()
            error = await outcome(publish_for_ever(session))
            self.assertIsInstance(error, OSError)
            self.assertTrue(clock.now_ms() - started < 15_000)
            broker.reads = True
            await until(lambda: broker.links == 2)
            await camera.up()
            broker.packets.clear()
            await session.publish(b"next", b"1")
            await until(lambda: broker.of(PUBLISH, "next"))

        self.run_case(scenario, mqttkeepalive=120)

    def test_cancelled_publish_ends_the_link_after_a_partial_packet(self):
        async def scenario(camera, broker, session):
            await camera.up()
            broker.reads = False
            task = asyncio.create_task(publish_for_ever(session))
            await asyncio.sleep_ms(2_000)
            self.assertEqual(broker.links, 1)
            await ended(task)
            await until(lambda: broker.links == 2, limit_s=10)

        self.run_case(scenario, mqttkeepalive=120)

    def test_publishing_frames_leaves_nothing_on_the_heap(self):
        frame = bytearray(40_000)

        async def scenario(camera, broker, session):
            await camera.up()
            for at in range(30):
                await session.publish(b"data/cam/image", frame, True)
                await until(lambda: len(broker.of(PUBLISH, "data/cam/image")) == 1)
                broker.packets.clear()
                gc.collect()
                if at == 10:
                    before = gc.mem_alloc()
            self.assertTrue(gc.mem_alloc() - before < 2_048, gc.mem_alloc() - before)

        self.run_case(scenario)


class TestQoS1(SessionTestCase):
    def test_message_is_kept_without_a_link(self):
        async def scenario(camera, broker, session):
            await session.publish(POWER, b"on", True, qos=1)
            camera.settings["mqtthost"] = "127.0.0.1"
            await camera.up()
            await until(lambda: broker.of(PUBLISH, "stat/cam/power"))
            packet = broker.of(PUBLISH, "stat/cam/power")[0]
            self.assertEqual((packet.payload, packet.flags), (b"on", 0b0011))
            self.assertTrue(packet.packet_id)
            await until(lambda: not len(camera.outbox))

        self.run_case(scenario, mqtthost="")

    def test_message_without_puback_is_repeated_as_dup(self):
        async def scenario(camera, broker, session):
            await camera.up()
            broker.puback = False
            await session.publish(POWER, b"on", True, qos=1)
            await until(lambda: broker.links == 2)
            self.assertTrue("PUBACK" in str(camera.log.errors), camera.log.errors)
            broker.puback = True
            await until(lambda: not len(camera.outbox))
            first, second = broker.of(PUBLISH, "stat/cam/power")[:2]
            self.assertEqual((first.dup, second.dup), (False, True))
            self.assertEqual(first.packet_id, second.packet_id)
            self.assertEqual(second.payload, b"on")

        self.run_case(scenario)

    def test_late_puback_is_awaited_while_the_ping_is_unanswered(self):
        async def scenario(camera, broker, session):
            await camera.up()
            broker.puback = broker.pingresp = False
            await session.publish(POWER, b"on", True, qos=1)
            for _ in range(60):  # other messages are ahead of it in the broker's queue
                await broker.stream.send(b"\x30\x05\x00\x03a/b")
                await asyncio.sleep_ms(1_000)
            message = broker.of(PUBLISH, "stat/cam/power")[-1]
            await broker.stream.send(b"\x40\x02" + bytes((0, message.packet_id)))
            for _ in broker.of(PINGREQ):
                await broker.stream.send(b"\xd0\x00")
            broker.puback = broker.pingresp = True
            await until(lambda: not len(camera.outbox))
            await asyncio.sleep_ms(60_000)
            self.assertEqual(broker.links, 1)

        self.run_case(scenario)

    def test_link_lost_before_the_puback_repeats_the_messages(self):
        async def scenario(camera, broker, session):
            await camera.up()
            broker.puback = False
            for n in range(3):
                await session.publish(b"t", bytes((n,)), qos=1)
            await until(lambda: len(broker.of(PUBLISH, "t")) == 3)
            broker.puback = True
            broker.stream.close()
            await until(lambda: len(broker.of(PUBLISH, "t")) == 6)
            again = broker.of(PUBLISH, "t")[3:]
            self.assertEqual([p.payload for p in again], [b"\0", b"\1", b"\2"])
            self.assertEqual([p.dup for p in again], [True] * 3)
            await until(lambda: not len(camera.outbox))

        self.run_case(scenario)

    def test_full_outbox_makes_publish_wait_and_loses_nothing(self):
        async def scenario(camera, broker, session):
            await camera.up()
            broker.puback = False

            async def publish():
                for n in range(40):
                    await session.publish(b"t", bytes((n,)), qos=1)

            task = asyncio.create_task(publish())
            await until(camera.outbox.full)
            await asyncio.sleep_ms(100)
            self.assertFalse(task.done())
            broker.puback = True
            broker.stream.close()  # everything is sent on the next link
            await task
            await until(lambda: not len(camera.outbox))
            self.assertEqual({p.payload[0] for p in broker.of(PUBLISH, "t")}, set(range(40)))

        self.run_case(scenario)


class TestCommands(SessionTestCase):
    def test_flood_of_commands_is_handled_on_one_link(self):
        command = b"\x32\x12\x00\x0ecmnd/cam/power"
        count = 200

        async def scenario(camera, broker, session):
            await camera.up()
            flood = b"".join(command + bytes((0, n + 1)) for n in range(count))
            await broker.stream.send(flood)
            await until(lambda: len(broker.of(PUBACK)) == count)
            self.assertTrue(camera.commands.calls < count)  # PUBACK does not wait for them
            await until(lambda: camera.commands.calls == count, "all done")
            await until(lambda: not len(camera.outbox))
            self.assertEqual(broker.links, 1)
            replies = broker.of(PUBLISH, "stat/cam/power")
            self.assertEqual(replies[-1].payload, str(count).encode())

        self.run_case(scenario, mqttkeepalive=120)

    def test_command_repeated_because_the_puback_was_lost_runs_once(self):
        toggle = b"\x32\x12\x00\x0ecmnd/cam/power\x00\x07"

        async def scenario(camera, broker, session):
            await camera.up()
            await broker.stream.send(toggle)
            await until(lambda: broker.of(PUBACK))
            broker.connack = b"\x20\x02\x01\x00"  # the session is present
            broker.stream.close()
            await until(lambda: broker.links == 2)
            await camera.up()
            await broker.stream.send(b"\x3a" + toggle[1:])  # DUP
            await until(lambda: len(broker.of(PUBACK)) == 2)
            await asyncio.sleep_ms(1_000)
            self.assertEqual(camera.commands.calls, 1)

        self.run_case(scenario, mqttcleansession=0)

    def test_broker_that_violates_mqtt_is_named_as_the_reason(self):
        async def scenario(camera, broker, session):
            await camera.up()
            await broker.stream.send(b"\x30\x05\x00\x03a/#")
            await until(lambda: session.state == "waiting")
            self.assertIn("the broker violates MQTT 3.1.1: topic with", session.reason)
            broker.connack = b"\x20\x02\xfe\x00"
            await until(lambda: "CONNACK with flags fe" in session.reason)
            broker.connack = b"\x20\x02\x00\x00"
            await camera.up()

        self.run_case(scenario)

    def test_commands_wait_for_the_next_link(self):
        command = b"\x32\x12\x00\x0ecmnd/cam/power"

        async def scenario(camera, broker, session):
            await camera.up()
            await broker.stream.send(b"".join(command + bytes((0, n)) for n in range(1, 101)))
            await until(lambda: len(broker.of(PUBACK)) == 100)
            broker.stream.close()
            await until(lambda: broker.links == 2)
            await camera.up()
            await until(lambda: camera.commands.calls == 100)
            await until(lambda: not len(camera.outbox))
            self.assertEqual(broker.of(PUBLISH, "stat/cam/power")[-1].payload, b"100")

        self.run_case(scenario, mqttkeepalive=120)


suite.main()
