"""app.commands: every row of the command table, and settings as commands."""

import unittest

import suite
from fakes import run, settings_on

from app import commands as table
from app.commands import ALONE, QOS1, RETAIN, TABLE, Commands
from app.mqtt.publisher import ImagePublisher
from app.power import Power
from app.restart import Restart
from app.settings.schema import FILE, FLAGS, HIDDEN, KIND, NAME, SCHEMA, SECRET
from app.status import Status
from proto.values import BadArgument, UnknownCommand

CLASSES = {"status": Status, "power": Power, "publisher": ImagePublisher, "system": Restart}
GROUP_COMMANDS = "help light power status grouptopic timezone"  # behaviour.md, section 4
KNOWN = "status otaurl ssid password mqtthost mqttport mqttuser mqttpass mqttcleansession topic \
grouptopic restart reset timezone power light timer pulse poweratreset pubinterval \
help capture config log"


class Owner:
    """Has every cmd_ method; each returns its name and argument."""

    def __getattr__(self, name):
        return lambda argument: "{}({})".format(name, argument)


def make():
    settings = settings_on()
    commands = Commands(settings)
    owner = Owner()
    commands.own(**{row[2]: owner for row in TABLE if row[2] not in ("commands", "settings")})
    return commands, settings


def call(commands, name, argument, group=False):
    return run(commands.call(name, argument, group))


class TestTable(unittest.TestCase):
    def test_every_command_has_its_method_and_help(self):
        names = [row[0] for row in TABLE]
        self.assertEqual(len(set(names)), len(names))
        for name, flags, owner, reply, text in TABLE:
            self.assertTrue(text and name == name.lower(), name)
            if owner in CLASSES:
                self.assertTrue(hasattr(CLASSES[owner], "cmd_" + name), name)
            elif owner == "commands":
                self.assertTrue(hasattr(Commands, "cmd_" + name), name)

    def test_owner_may_be_made_when_it_is_needed_or_be_missing(self):
        commands, _ = make()
        commands.own(live=Owner)
        self.assertEqual(call(commands, "live", "5")[1], "cmd_live(5)")
        commands.own(live=None)
        with self.assertRaises(BadArgument):
            call(commands, "live", "5")

    def test_malformed_name_is_refused(self):
        commands, _ = make()
        for name in (
            "",
            "camera|",
            "status\n",
            "\n",
            "x\nlog",
            "power power",
        ):
            with self.assertRaises(UnknownCommand):
                call(commands, name, "")

    def test_every_command_can_be_called_in_any_case(self):
        commands, _ = make()
        for name, flags, owner, reply, _ in TABLE:
            if owner not in CLASSES:
                continue
            for spelt in (name, name.upper(), name[:1].upper() + name[1:]):
                argument = "" if flags & ALONE else "a b"
                expected = (reply, "cmd_{}({})".format(name, argument), flags)
                self.assertEqual(call(commands, spelt, " {} \n".format(argument)), expected)

    def test_command_that_takes_no_argument(self):
        for name in ("time", "config", "log"):
            with self.assertRaises(BadArgument):
                call(make()[0], name, "5")

    def test_documented_commands_exist(self):
        names = make()[0].names()
        for name in KNOWN.split():
            self.assertTrue(name in names, name)
        self.assertEqual(names, sorted(names))

    def test_power_and_light_reply_on_power_retained_at_qos_1(self):
        commands, _ = make()
        for name in ("power", "light"):
            reply, _, flags = call(commands, name, "on")
            self.assertEqual((reply, flags & RETAIN, flags & QOS1), ("power", RETAIN, QOS1))
        self.assertTrue(call(commands, "timer", "")[2] & RETAIN)

    def test_only_group_commands_are_allowed_for_a_group(self):
        commands, _ = make()
        allowed = commands.names(group=True)
        for name in GROUP_COMMANDS.split():
            self.assertTrue(name in allowed, name)
        for name in commands.names():
            if name in allowed:
                call(commands, name, "", group=True)
            else:
                with self.assertRaises(UnknownCommand):
                    call(commands, name, "1", group=True)
        for name in ("restart", "reset", "password", "mqtthost", "pubinterval", "timer"):
            self.assertFalse(name in allowed, name)

    def test_unknown_or_hidden_name_is_refused(self):
        commands, _ = make()
        hidden = [row[NAME] for row in SCHEMA if row[FLAGS] & HIDDEN]
        for name in ["", "nothing", "cmd_power", "__init__", "power ", "power/x", "ä"] + hidden:
            with self.assertRaises(UnknownCommand):
                call(commands, name, "1")


class TestSettingsAsCommands(unittest.TestCase):
    def test_every_setting_is_read_and_set(self):
        for row in SCHEMA:
            name = row[NAME]
            if row[FLAGS] & HIDDEN:
                continue
            commands, settings = make()
            reply = call(commands, name.upper(), "")
            self.assertEqual(reply[:2], (name, settings.show(name)))
            self.assertEqual(reply[2], table.RETAIN)
            with self.assertRaises(BadArgument):
                call(commands, name, "\x01")

    def test_reply_is_the_new_value(self):
        commands, settings = make()
        self.assertEqual(call(commands, "pubinterval", " 30 ")[1], "30")
        self.assertEqual(settings["pubinterval"], 30)
        self.assertEqual(call(commands, "poweratreset", "OFF")[1], "off")
        self.assertEqual(call(commands, "topic", "a/b")[1], "a_b")
        self.assertEqual(call(commands, "topic", "1")[1], "esp32-mqtt-cam")
        for row in SCHEMA:
            if row[FLAGS] & SECRET:
                if row[KIND] != FILE:
                    text = "X: canary-word" if row[NAME] == "pushheader" else "canary-word"
                    self.assertEqual(call(commands, row[NAME], text)[1], "***")
                self.assertEqual(call(commands, row[NAME], "")[1], "***")


class TestHelp(unittest.TestCase):
    def test_one_line_for_each_command_or_for_the_given_one(self):
        commands, _ = make()
        lines = call(commands, "help", "")[1].split("\n")
        titles = [line for line in lines if line.startswith("-- ")]
        self.assertEqual(len(titles), len(set(titles)))
        self.assertIn("-- Wi-Fi --", titles)
        lines = [line for line in lines if line not in titles]
        self.assertEqual(sorted(line.split(" ")[0] for line in lines), commands.names())
        for line in lines:
            self.assertTrue(len(line.split(" ", 1)[1]) > 3, line)
        timer = [line for line in lines if line.startswith("timer ")]
        self.assertEqual([call(commands, "help", "TIMER")[1]], timer)
        with self.assertRaises(BadArgument):
            call(commands, "help", "nothing")


suite.main()
