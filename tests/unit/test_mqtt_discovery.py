"""app.mqtt.discovery and entities: the message that announces the camera to Home Assistant."""

import asyncio
import json
import unittest

import suite
from fakes import Log, clock, ended, run, settings_on

from app.commands import TABLE
from app.mqtt.discovery import Discovery
from app.mqtt.entities import ACTION, COMMAND, ENTITIES, FIGURE, PARAMETER, SETTING, UPDATE
from app.mqtt.topics import Topics
from app.settings.schema import find
from proto.mqtt import Pieces
from proto.params import CHOICES, PARAMS

MAC = b"\x24\x0a\xc4\xa1\xb2\xc3"
CONFIG = "homeassistant/device/DVES_A1B2C3/config"
ROWS = {row[0]: row for row in ENTITIES}


class Session:
    def __init__(self):
        self.up = asyncio.Event()
        self.connects = 0
        self.published = []  # (topic, payload, retained)
        self.error = None

    async def publish(self, topic, payload, retain=False, qos=0):
        if self.error:
            raise self.error
        if isinstance(payload, Pieces):
            whole = b"".join([payload.piece(number) for number in range(payload.count)])
            assert len(whole) == payload.size
            payload = whole
        self.published.append((topic.decode(), payload.decode(), retain))

    def connect(self):
        self.connects += 1
        self.up.set()


class Parts:
    """Camera and Wi-Fi."""

    lacks = ()

    chip = "OV2640"

    def values(self):
        return {row[0]: row[3] for row in PARAMS if row[0] not in self.lacks}

    def address(self):
        return "192.168.4.15"


class Handler:
    hub = None


class Body:
    def __init__(self, data):
        self.data = data
        self.left = len(data)

    async def readinto(self, view):
        view[:] = self.data
        self.left = 0


class Case:
    def __init__(self, values):
        self.settings = settings_on(values=values)
        self.session, self.parts, self.handler = Session(), Parts(), Handler()
        topics = Topics(self.settings, "DVES_A1B2C3")
        self.discovery = Discovery(
            self.session, self.handler, self.settings, topics, self.parts, self.parts, MAC, Log()
        )

    async def published(self, ms=1_000):
        """Return what is published within some time."""
        self.session.published.clear()
        await asyncio.sleep_ms(ms)
        return list(self.session.published)

    async def say(self, text, retained=False):
        """Let the hub publish its status."""
        assert self.handler.hub[0] == self.settings["haprefix"] + "/status"
        await self.handler.hub[1](Body(text), retained)


def run_case(scenario, **values):
    async def main():
        case = Case(values)
        task = asyncio.create_task(case.discovery.run())
        await scenario(case)
        await ended(task)

    run(main(), 200_000)


def announced(**values):
    """Return the message as Home Assistant reads it."""
    found = []

    async def scenario(case):
        case.session.connect()
        ((topic, payload, retain),) = await case.published()
        assert (topic, retain) == (CONFIG, True)
        found.append(json.loads(payload))

    run_case(scenario, **values)
    return found[0]


class TestDeepSleep(unittest.TestCase):
    def test_a_camera_that_sleeps_is_available_until_its_battery_is_empty(self):
        """Home Assistant compares what the template makes of the last will's topic."""
        usual, sleeps = announced(), announced(deepsleep="600", teleperiod="300")
        template = "{{ 'Offline' if value == 'Offline' else 'Online' }}"
        self.assertEqual((usual.get("avty_tpl"), sleeps["avty_tpl"]), (None, template))
        for message in usual, sleeps:
            self.assertEqual((message["pl_avail"], message["pl_not_avail"]), ("Online", "Offline"))
        for key, entity in sleeps["cmps"].items():
            is_figure = ROWS[key][4] == FIGURE
            self.assertEqual(entity.get("expire_after"), 2_700 if is_figure else None)
            qos = 1 if "command_topic" in entity else None  # the broker keeps none at QoS 0
            self.assertEqual(entity.get("qos"), qos)
            for name in ("expire_after", "qos"):
                self.assertFalse(name in usual["cmps"][key])
        number = sleeps["cmps"]["sleep"]
        self.assertEqual((number["p"], number["min"], number["max"]), ("number", 0, 86_400))
        self.assertEqual(number["command_topic"], "cmnd/esp32-mqtt-cam/deepsleep")


class TestMessage(unittest.TestCase):
    def test_device(self):
        message = announced(name="Front door")
        device = message["dev"]
        self.assertEqual((device["ids"], device["name"]), (["DVES_A1B2C3"], "Front door"))
        self.assertEqual(device["cns"], [["mac", "24:0a:c4:a1:b2:c3"]])
        self.assertEqual(device["cu"], "http://192.168.4.15/")
        self.assertEqual(message["avty_t"], "tele/esp32-mqtt-cam/LWT")
        self.assertEqual(announced()["dev"]["name"], "esp32-mqtt-cam")

    def test_every_entity_has_its_keys(self):
        entities = announced(name="Front door", motion="pin")["cmps"]
        self.assertEqual(sorted(entities), sorted(ROWS))
        for key, entity in entities.items():
            platform = ROWS[key][1]
            self.assertEqual(entity["p"], platform)
            self.assertEqual(entity["unique_id"], "DVES_A1B2C3_" + key)
            self.assertEqual(entity["object_id"], "front_door_" + key)
            self.assertEqual(entity["default_entity_id"], platform + ".front_door_" + key)
        self.assertTrue(entities["camera"]["name"] is None)

    def test_commands_settings_and_parameters_exist(self):
        commands, parameters = [row[0] for row in TABLE], [row[0] for row in PARAMS]
        for key, platform, _, _, source, subject, _ in ENTITIES:
            if source in (COMMAND, ACTION, UPDATE):
                self.assertTrue(subject in commands or find(subject), key)
            elif source == SETTING:
                self.assertTrue(find(subject), key)
            elif source == PARAMETER:
                self.assertTrue(subject in parameters, key)
                self.assertEqual(platform == "select", subject in CHOICES, key)

    def test_numbers_have_the_ranges_of_the_tables(self):
        entities = announced()["cmps"]
        interval, quality = entities["interval"], entities["quality"]
        self.assertEqual((interval["min"], interval["max"]), (0, 86_400))
        self.assertEqual((quality["min"], quality["max"]), (0, 63))
        self.assertEqual(quality["command_template"], '{"quality": {{ value }}}')
        self.assertEqual(quality["value_template"], "{{ value_json.quality }}")

    def test_switches_and_selects(self):
        entities = announced()["cmps"]
        flip, size = entities["flip"], entities["size"]
        self.assertEqual((flip["payload_on"], flip["state_on"]), ('{"vflip": 1}', "1"))
        self.assertEqual((flip["payload_off"], flip["state_off"]), ('{"vflip": 0}', "0"))
        self.assertEqual(size["options"][8], "VGA")
        self.assertEqual(size["command_template"], '{"framesize": "{{ value }}"}')
        self.assertTrue(size["value_template"].endswith('"UXGA"][value_json.framesize] }}'))

    def test_motion(self):
        entities = announced(motion="pin")["cmps"]
        sensor, mode = entities["motion"], entities["detection"]
        self.assertEqual((sensor["p"], sensor["device_class"]), ("binary_sensor", "motion"))
        self.assertEqual(sensor["state_topic"], "tele/esp32-mqtt-cam/MOTION")
        self.assertEqual((sensor["payload_on"], sensor["payload_off"]), ("on", "off"))
        self.assertEqual(sensor["value_template"], "{{ value_json.State }}")
        self.assertEqual(mode["options"], ["off", "picture", "pin", "both"])
        self.assertEqual(mode["command_topic"], "cmnd/esp32-mqtt-cam/motion")

    def test_update(self):
        entity = announced()["cmps"]["firmware"]
        self.assertEqual(entity["state_topic"], "stat/esp32-mqtt-cam/update")
        self.assertEqual(entity["command_topic"], "cmnd/esp32-mqtt-cam/upgrade")
        self.assertEqual((entity["payload_install"], entity["device_class"]), ("1", "firmware"))
        self.assertEqual((entity["p"], entity["entity_category"]), ("update", "config"))

    def test_name_without_ascii_letters(self):
        entities = announced(name="門")["cmps"]
        self.assertEqual(entities["lamp"]["object_id"], "dves_a1b2c3_lamp")

    def test_parameters_that_the_camera_lacks_are_left_out(self):
        async def scenario(case):
            case.parts.lacks = ("ae_level", "nightmode")
            case.session.connect()
            ((_, payload, _),) = await case.published()
            left = {"exposure", "night"}
            self.assertEqual(set(ROWS) - set(json.loads(payload)["cmps"]), left)

        run_case(scenario)


class TestLife(unittest.TestCase):
    def test_once_for_each_link(self):
        async def scenario(case):
            self.assertEqual(await case.published(), [])
            for _ in range(2):
                case.session.connect()
                self.assertEqual(len(await case.published(60_000)), 1)
                case.session.up.clear()
                self.assertEqual(await case.published(), [])

        run_case(scenario)

    def test_again_when_the_hub_is_online(self):
        async def scenario(case):
            case.session.connect()
            await case.published()
            started = clock.now_ms()
            await case.say(b"online")
            self.assertEqual(await case.published(900), [])
            self.assertEqual(len(await case.published(5_000)), 1)
            self.assertTrue(clock.now_ms() - started < 6_000)
            for status, retained in ((b"offline", False), (b"online", True), (b"x" * 99, False)):
                await case.say(status, retained)
                self.assertEqual(await case.published(7_000), [])

        run_case(scenario)

    def test_motion_is_an_entity_while_it_is_on(self):
        async def scenario(case):
            case.session.connect()
            for mode, keys in (("off", 1), ("picture", 11), ("off", 1)):
                await case.settings.set("motion", mode)
                ((_, payload, _),) = await case.published()
                self.assertEqual(len(json.loads(payload)["cmps"]["motion"]), keys, mode)
                await case.settings.set("motionarea", "9")
                self.assertEqual(await case.published(), [])

        run_case(scenario)

    def test_switched_off_and_on(self):
        async def scenario(case):
            case.session.connect()
            await case.published()
            await case.settings.set("hadiscovery", "off")
            self.assertEqual(await case.published(10_000), [(CONFIG, "", True)])
            await case.say(b"online")
            self.assertEqual(await case.published(10_000), [])
            await case.settings.set("hadiscovery", "on")
            self.assertEqual(len(await case.published()), 1)

        run_case(scenario)

    def test_off_at_the_start_removes_an_old_message(self):
        async def scenario(case):
            case.session.connect()
            self.assertEqual(await case.published(10_000), [(CONFIG, "", True)])

        run_case(scenario, hadiscovery="off")

    def test_another_prefix(self):
        async def scenario(case):
            case.session.connect()
            await case.published()
            await case.settings.set("haprefix", "my/home")
            removed, made = await case.published()
            self.assertEqual(removed, (CONFIG, "", True))
            self.assertEqual(made[0], "my/home/device/DVES_A1B2C3/config")
            await case.say(b"online")

        run_case(scenario)

    def test_lost_link_is_tried_again(self):
        async def scenario(case):
            case.session.error = OSError("gone")
            case.session.connect()
            self.assertEqual(await case.published(), [])
            case.session.error = None
            self.assertEqual(len(await case.published()), 1)

        run_case(scenario)

    def test_not_retained_without_the_setting(self):
        async def scenario(case):
            case.session.connect()
            self.assertFalse((await case.published())[0][2])

        run_case(scenario, retain="0")


suite.main()
