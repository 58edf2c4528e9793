"""app.commands: one table, every row of it, for every door."""

import unittest

from fakes import run, settings_on

from app.commands import Commands
from app.commandtable import GROUP_TOO, QOS1, RETAIN, rows
from app.mqtt.publisher import ImagePublisher
from app.power import Power
from app.restart import Restart
from app.settings.schema import all_rows
from app.status import Status
from proto.values import BadArgument, UnknownCommand

SCHEMA = list(all_rows())

CLASSES = {"status": Status, "power": Power, "publisher": ImagePublisher, "system": Restart}
OF_A_GROUP = "help light power status grouptopic timezone"  # behaviour.md, section 4
KNOWN = "status otaurl ssid password mqtthost mqttport mqttuser mqttpass mqttcleansession topic \
grouptopic restart reset timezone power light timer pulse poweratreset pubinterval \
help capture config log"


class Anyone:
    """Has every cmd_ method; each answers with its name and argument."""

    def __getattr__(self, name):
        return lambda argument: "{}({})".format(name, argument)


def make():
    settings = settings_on()
    commands = Commands(settings)
    anyone = Anyone()
    commands.own(**{row[2]: anyone for row in rows() if row[2] not in ("commands", "settings")})
    return commands, settings


class TestTable(unittest.TestCase):
    def test_every_command_has_its_method_and_help(self):
        names = [row[0] for row in rows()]
        self.assertEqual(len(set(names)), len(names))
        for name, flags, owner, reply, text in rows():
            self.assertTrue(text and name == name.lower(), name)
            if owner in CLASSES:
                self.assertTrue(hasattr(CLASSES[owner], "cmd_" + name), name)
            elif owner == "commands":
                self.assertTrue(hasattr(Commands, "cmd_" + name), name)

    def test_what_reads_like_a_part_of_the_table_is_no_command(self):
        commands, _ = make()
        for name in (
            "",
            "camera|",
            "capture||publisher",
            "power|RETAIN",
            "status\n",
            "\n",
            "x\nlog",
        ):
            with self.assertRaises(UnknownCommand):
                run(commands.call(name, ""))

    def test_every_command_can_be_called_in_any_case(self):
        commands, _ = make()
        for name, flags, owner, reply, _ in rows():
            if owner not in CLASSES:
                continue
            for spelt in (name, name.upper(), name[:1].upper() + name[1:]):
                expected = (reply, "cmd_{}(a b)".format(name), flags)
                self.assertEqual(run(commands.call(spelt, " a b \n")), expected)

    def test_the_known_ones_are_there(self):
        names = make()[0].names()
        for name in KNOWN.split():
            self.assertTrue(name in names, name)
        self.assertEqual(names, sorted(names))

    def test_power_and_light_answer_as_power_kept_and_sure(self):
        commands, _ = make()
        for name in ("power", "light"):
            reply, _, flags = run(commands.call(name, "on"))
            self.assertEqual((reply, flags & RETAIN, flags & QOS1), ("power", RETAIN, QOS1))
        self.assertTrue(run(commands.call("timer", ""))[2] & RETAIN)

    def test_a_group_may_use_those_and_no_other(self):
        commands, _ = make()
        allowed = commands.names(group=True)
        for name in OF_A_GROUP.split():
            self.assertTrue(name in allowed, name)
        for name in commands.names():
            if name in allowed:
                run(commands.call(name, "", group=True))
            else:
                with self.assertRaises(UnknownCommand):
                    run(commands.call(name, "1", group=True))
        for name in ("restart", "reset", "password", "mqtthost", "pubinterval", "timer"):
            self.assertFalse(name in allowed, name)

    def test_what_is_not_there(self):
        commands, _ = make()
        hidden = [row[0] for row in SCHEMA if "hidden" in row[5]]
        for name in ["", "nothing", "cmd_power", "__init__", "power ", "power/x", "ä"] + hidden:
            with self.assertRaises(UnknownCommand):
                run(commands.call(name, "1"))


class TestSettingsAsCommands(unittest.TestCase):
    def test_every_setting_is_asked_and_set(self):
        for name, _, _, _, _, flags in SCHEMA:
            if "hidden" in flags:
                continue
            commands, settings = make()
            reply = run(commands.call(name.upper(), ""))
            self.assertEqual(reply[:2], (name, settings.show(name)))
            self.assertEqual(bool(reply[2] & GROUP_TOO), "group" in flags)
            with self.assertRaises(BadArgument):
                run(commands.call(name, "\x01"))

    def test_reply_is_the_value_now_in_force(self):
        commands, settings = make()
        self.assertEqual(run(commands.call("pubinterval", " 30 "))[1], "30")
        self.assertEqual(settings["pubinterval"], 30)
        self.assertEqual(run(commands.call("poweratreset", "OFF"))[1], "off")
        self.assertEqual(run(commands.call("topic", "a/b"))[1], "a_b")
        self.assertEqual(run(commands.call("topic", "1"))[1], "esp32-mqtt-cam")
        for name, _, _, _, _, flags in SCHEMA:
            if "secret" in flags:
                self.assertEqual(run(commands.call(name, "canary-word"))[1], "***")
                self.assertEqual(run(commands.call(name, ""))[1], "***")


class TestHelp(unittest.TestCase):
    def test_one_line_for_each_command_or_the_one(self):
        commands, _ = make()
        lines = run(commands.call("help", ""))[1].split("\n")
        self.assertEqual([line.split(" ")[0] for line in lines], commands.names())
        for line in lines:
            self.assertTrue(len(line.split(" ", 1)[1]) > 3, line)
        self.assertEqual(
            run(commands.call("help", "TIMER"))[1], [s for s in lines if "timer " in s][0]
        )
        with self.assertRaises(BadArgument):
            run(commands.call("help", "nothing"))


unittest.main()
