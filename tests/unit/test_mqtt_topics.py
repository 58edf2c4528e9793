"""app.mqtt.topics and app.identity: the names in behaviour.md, sections 2 and 3."""

import unittest

import suite

from app.identity import device_id, host_name
from app.mqtt.topics import Topics
from proto.mqtt import Codec

MAC = b"\x24\x0a\xc4\xa1\xb2\xc3"


class TestTopics(unittest.TestCase):
    def test_device_id(self):
        self.assertEqual(device_id(MAC), "DVES_A1B2C3")
        self.assertEqual(device_id(b"\0\0\0\0\x0a\xff"), "DVES_000AFF")

    def test_host_name_from_the_friendly_name(self):
        for name, host in (
            ("Porch", "Porch"),
            (" Front door, left ", "Front-door-left"),
            ("Küche 2", "K-che-2"),
            ("x" * 48, "x" * 32),
            ("門", "ESP32-A1B2C3-kitchen"),
        ):
            self.assertEqual(host_name(device_id(MAC), "kitchen", name), host)

    def test_host_name(self):
        self.assertEqual(host_name(device_id(MAC), "kitchen"), "ESP32-A1B2C3-kitchen")
        for topic in ("esp32-mqtt-cam", "a b_c.d", "x" * 31, "ends-in---", "äöü", "_" * 31):
            name = host_name(device_id(MAC), topic)
            self.assertTrue(name.startswith("ESP32-A1B2C3"), name)
            self.assertTrue(len(name) <= 32 and name[-1] != "-", name)
            self.assertTrue(all(c.isalpha() or c.isdigit() or c == "-" for c in name), name)
            self.assertTrue(all(ord(c) < 128 for c in name), name)

    def test_topics_are_bytes(self):
        settings = {"topic": "küche", "grouptopic": "gruppe", "subtopic": "#", "hadiscovery": 0}
        topics = Topics(settings, "DVES_A1B2C3")
        self.assertEqual(topics.image, "data/küche/image".encode())
        self.assertEqual(topics.motion(3), "data/küche/motion/3".encode())
        self.assertEqual(topics.lwt, "tele/küche/LWT".encode())
        self.assertEqual(topics.stat("power"), "stat/küche/power".encode())
        self.assertEqual(topics.tele("STATE"), "tele/küche/STATE".encode())
        expected = ["cmnd/küche/#", "cmnd/gruppe/#", "cmnd/DVES_A1B2C3/#"]
        self.assertEqual(sorted(topics.filters()), sorted(each.encode() for each in expected))
        self.assertEqual(topics.cmnd("power"), "cmnd/küche/power")

    def test_topics_of_pictures(self):
        settings = {"topic": "cam", "grouptopic": "cams", "subtopic": "#", "hadiscovery": 0}
        topics = Topics(settings, "DVES_A1B2C3")
        for name in (topics.image, topics.kept, topics.live, topics.motion(1), topics.motion(21)):
            self.assertTrue(topics.is_picture(name), name)
        for name in (topics.meta, topics.kept_info, topics.lwt, topics.tele("MOTION"), b""):
            self.assertFalse(topics.is_picture(name), name)

    def test_layout_with_one_root(self):
        settings = {"topic": "cam", "grouptopic": "cams", "subtopic": "#", "hadiscovery": 0}
        topics = Topics(settings, "DVES_A1B2C3", "home/garden/%topic%/%prefix%")
        self.assertEqual(topics.image, b"home/garden/cam/data/image")
        self.assertEqual(topics.lwt, b"home/garden/cam/tele/LWT")
        self.assertEqual(topics.stat("power"), b"home/garden/cam/stat/power")
        self.assertEqual(topics.cmnd("power"), "home/garden/cam/cmnd/power")
        self.assertEqual(topics.update, "home/garden/DVES_A1B2C3/OTA/data")
        expected = [b"home/garden/%s/cmnd/#" % name for name in (b"cam", b"cams", b"DVES_A1B2C3")]
        self.assertEqual(topics.filters(), expected)
        settings["grouptopic"] = "-"
        self.assertEqual(len(Topics(settings, "DVES_A1B2C3").filters()), 2)
        self.assertEqual(Topics(settings, "DVES_A1B2C3").update, "OTA/DVES_A1B2C3/data")

    def test_longest_topics_fit_a_subscription(self):
        longest = "x" * 31
        settings = {"topic": longest, "grouptopic": "-", "subtopic": longest, "hadiscovery": 0}
        layout = "/".join(("y" * 48, "%prefix%", "%topic%"))[-64:]
        for filter in Topics(settings, "DVES_A1B2C3", layout).filters():
            Codec().subscribe(filter, 1)

    def test_topics_of_home_assistant_follow_the_settings(self):
        settings = {"topic": "cam", "grouptopic": "cams", "subtopic": "#", "hadiscovery": 1}
        topics = Topics(settings, "DVES_A1B2C3")
        for prefix in ("homeassistant", "my/home"):
            settings["haprefix"] = prefix
            self.assertEqual(topics.filters()[3], prefix.encode() + b"/status")
            self.assertEqual(topics.discovery(), prefix.encode() + b"/device/DVES_A1B2C3/config")


suite.main()
