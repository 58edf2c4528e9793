"""Every row of the command and settings tables, called as each door calls it."""

import asyncio
import unittest

from fakes import NVS, Log, ended, run, settings_on
from powercut import MODES, DyingNVS, PowerCut

from app.camera.params import Params
from app.clock import Clock
from app.commands import Commands
from app.commandtable import GROUP_TOO, PRIVATE
from app.commandtable import rows as command_rows
from app.console.console import Consoles
from app.mqtt.publisher import ImagePublisher
from app.ota.updater import Updater
from app.power import Power
from app.restart import Restart
from app.settings.schema import all_rows, check_of
from app.status import Status
from app.wifi.station import WiFiLink
from proto.params import PARAMS
from proto.values import BadArgument, UnknownCommand

SCHEMA = list(all_rows())

ID = "DVES_A1B2C3"
GOOD = {  # command -> argument, what it answers
    "status": ("2", None),
    "config": ("", None),
    "log": ("", None),
    "time": ("", None),
    "camera": ('{"quality": 10}', "10"),
    "help": ("power", "power off | on | toggle"),
    "power": ("on", "on"),
    "light": ("on", "on"),
    "timer": ("5", "5"),
    "capture": ("", "capturing"),
    "upgrade": ("1", "Upgrade 1.0.0"),
    "mqttotastart": ("0", "off"),
    "mqttotaconfirm": ("1", "OTA image already confirmed"),
    "smartconfig": ("1", "Smartconfig started"),
    "restart": ("1", "Restarting"),
    "reset": ("1", "Reset and Restarting"),
}
BAD = {
    "status": "9",
    "camera": '{"quality": 99}',
    "help": "nothing",
    "power": "3",
    "light": "maybe",
    "timer": "0",
    "upgrade": "0",
    "mqttotastart": "2",
    "mqttotaconfirm": "0",
    "smartconfig": "0",
    "restart": "0",
    "reset": "yes",
}
TAKE_NO_ARGUMENT = "config log time capture".split()
ASK_BY_NOTHING = (
    "status config log time camera help power light timer capture mqttotastart".split()
)


class Parts:
    """Stands in for what the owners of the commands need."""

    def __init__(self):
        self.up = asyncio.Event()
        self.up.set()
        self.on = False
        self.state, self.reason = "ready", ""
        self.params = {row[0]: row[3] for row in PARAMS}
        self.captured = self.failed = self.joins = self.connects = self.dropped = 0
        self.recoveries, self.restarts = {}, {}
        self.last_error = ""
        self.device_id = ID
        self.ap_open = self.tls = False

    def set(self, what):
        if isinstance(what, list):
            self.params.update(what)
        else:
            self.on = bool(what)

    def values(self):
        return self.params

    def fresh(self):
        return self

    def address(self):
        return "10.0.0.2", 1883, False

    def rssi(self):
        return -60

    def free_bytes(self):
        return 100_000

    def reset_cause(self):
        return "power on"

    def uptime_s(self):
        return 1

    def lines(self):
        return ["1 a: b"]

    def running(self):
        return self

    def description(self):
        return "micropython", "1.0.0"


class Confirmed:
    """Stands in for app.ota.trial."""

    unconfirmed = False


def make(nvs=None):
    nvs, log, parts = nvs or NVS(), Log(), Parts()
    settings = settings_on(nvs, log, ID)
    power = Power(Parts(), settings)
    commands = Commands(settings)
    commands.own(
        status=Status(settings, parts, power, *(parts,) * 8),
        power=power,
        publisher=ImagePublisher(parts, parts, settings, b"image"),
        params=Params(parts, NVS(), lambda: None),
        wifi=WiFiLink(None, None, settings, log, Parts, None),
        clock=Clock(parts, None, settings, parts.up, log, Parts),
        system=Restart(settings, None, None, None, log),
        updater=Updater(
            settings, *(None,) * 5, parts, None, nvs, None, log, None, None, Confirmed()
        ),
    )
    return commands, settings


def rows(*kinds):
    return [row for row in SCHEMA if row[2] in kinds or not kinds]


def other_value(row):
    """Text of a value that is not the default, and the value."""
    name, _, kind, default, _, _ = row
    check = check_of(row, {})
    if getattr(check, "names", None):
        value = (default + 1) % len(check.names)
        return check.names[value], value
    if kind == "int":
        value = check.high if check.high != default else check.low
        return str(value), value
    own = {"timezone": "UTC0", "adminpass": "2000${}${}".format("5a" * 16, "c3" * 32)}
    own["apip"] = "10.0.0.1"
    text = own.get(name, "something")
    return text, text


def bad_value(row):
    return str(row[4].high + 1) if type(row[4]).__name__ == "Between" else "\x01" + "x" * 9_000


def masked(row, text):
    return "***" if "secret" in row[5] else text


class TestCommands(unittest.TestCase):
    def test_the_lists_here_name_every_row(self):
        names = sorted(row[0] for row in command_rows())
        self.assertEqual(sorted(GOOD), names)
        self.assertEqual(sorted(list(BAD) + TAKE_NO_ARGUMENT), names)

    def test_each_answers(self):
        for name, flags, _, reply, _ in command_rows():
            argument, text = GOOD[name]
            commands, settings = make()
            settings.set("otaurl", "http://example/fw.bin")
            found = run(commands.call(name.upper(), " " + argument + " "))
            self.assertEqual((found[0], found[2]), (reply, flags))
            self.assertTrue(found[1] if text is None else found[1] == text, (name, found))

    def test_each_is_asked_by_nothing_or_says_what_it_wants(self):
        for row in command_rows():
            commands, _ = make()
            if row[0] in ASK_BY_NOTHING:
                self.assertTrue(run(commands.call(row[0], ""))[1], row[0])
            else:
                with self.assertRaises(BadArgument):
                    run(commands.call(row[0], ""))

    def test_each_refuses_what_it_does_not_know_and_says_what_it_wants(self):
        for name, argument in BAD.items():
            commands, settings = make()
            before = run(commands.call("power", ""))[1], run(commands.call("camera", ""))[1]
            try:
                run(commands.call(name, argument))
                self.fail("{} took {}".format(name, argument))
            except BadArgument as e:
                self.assertTrue(len(str(e)) > 3)
            self.assertEqual(
                (run(commands.call("power", ""))[1], run(commands.call("camera", ""))[1]), before
            )

    def test_each_has_help_of_its_own(self):
        commands, _ = make()
        for name in commands.names():
            text = run(commands.call("help", name))[1]
            self.assertTrue(text.startswith(name + " ") and len(text) > len(name) + 3, text)


class TestSettings(unittest.TestCase):
    def test_each_is_asked_changed_saved_and_loaded(self):
        for row in rows():
            if "hidden" in row[5] or row[2] == "file":
                continue
            nvs = NVS()
            commands, settings = make(nvs)
            self.assertEqual(run(commands.call(row[0], ""))[:2], (row[0], settings.show(row[0])))
            text, value = other_value(row)
            self.assertEqual(run(commands.call(row[0], text))[1], masked(row, text), row[0])
            self.assertEqual(settings[row[0]], value)
            self.assertTrue(settings.flush())
            commands, settings = make(nvs)
            self.assertEqual(settings[row[0]], value, row[0])
            self.assertEqual(run(commands.call(row[0], ""))[1], masked(row, text))

    def test_each_refuses_a_bad_value_and_keeps_the_old(self):
        for row in rows():
            if "hidden" in row[5]:
                continue
            nvs = NVS()
            commands, settings = make(nvs)
            before = settings[row[0]]
            try:
                run(commands.call(row[0], bad_value(row)))
                self.fail(row[0])
            except BadArgument as e:
                self.assertTrue(str(e), row[0])
                self.assertTrue(len(str(e)) < 300, row[0])
            settings.flush()
            self.assertEqual((settings[row[0]], nvs.writes), (before, 0))

    def test_1_is_the_default_where_flagged_and_a_value_or_refused_elsewhere(self):
        for row in rows():
            if "hidden" in row[5] or row[2] == "file":
                continue
            for flag, text in (("default_by_1", "1"), ("device_id_too", ID)):
                nvs = NVS()
                commands, settings = make(nvs)
                run(commands.call(row[0], other_value(row)[0]))
                settings.flush()
                try:
                    run(commands.call(row[0], text))
                except BadArgument:
                    self.assertFalse(flag in row[5], row[0])
                settings.flush()
                if flag in row[5]:
                    self.assertEqual(settings[row[0]], row[3], row[0])
                    self.assertFalse(row[1] in nvs.stored, row[0])
                elif row[2] == "int" and row[4].__class__.__name__ == "Between" and text == "1":
                    expected = 1 if row[4].low <= 1 <= row[4].high else other_value(row)[1]
                    self.assertEqual(settings[row[0]], expected, row[0])

    def test_a_group_may_use_what_is_flagged_alone(self):
        for row in rows():
            commands, settings = make()
            if "hidden" in row[5] or "group" not in row[5]:
                with self.assertRaises(UnknownCommand):
                    run(commands.call(row[0], other_value(row)[0], group=True))
                self.assertEqual(settings[row[0]], row[3])
            else:
                reply = run(commands.call(row[0], other_value(row)[0], group=True))
                self.assertTrue(reply[2] & GROUP_TOO)

    def test_switch_words_are_numbers_where_there_are_but_two(self):
        commands, settings = make()  # behaviour.md section 3: on and off read as 1 and 0
        for text, value in (("off", 0), ("on", 1), ("OFF", 0), ("On", 1)):
            self.assertEqual(run(commands.call("mqttcleansession", text))[1], str(value))
        for text in ("toggle", "2", "x"):
            with self.assertRaises(BadArgument):
                run(commands.call("mqttcleansession", text))

    def test_power_cut_at_any_write_of_each_leaves_old_or_new(self):
        for row in rows():
            if "hidden" in row[5] or row[2] == "file":
                continue
            text, value = other_value(row)
            for mode in MODES:
                cut, died = 0, True
                while died:
                    nvs, died = DyingNVS({"MQTT_KEEPALIVE": 77}, cut, mode), False
                    commands, settings = make(nvs)
                    old = settings[row[0]]
                    try:
                        run(commands.call(row[0], text))
                        settings.flush()
                    except PowerCut:
                        died = True
                    now = settings_on(DyingNVS(nvs.after_power_cut()))
                    self.assertTrue(now[row[0]] in ((old, value) if died else (value,)), row[0])
                    if row[0] != "mqttkeepalive":
                        self.assertEqual(now["mqttkeepalive"], 77)
                    cut += 1
                self.assertTrue(cut > 2, row[0])


class TestConsole(unittest.TestCase):
    def test_each_row_through_a_console(self):
        async def story():
            commands, settings = make()
            settings.set("otaurl", "http://example/fw.bin")
            consoles = Consoles(commands, Log())
            mine, other = consoles.open(), consoles.open()
            shown = {mine: b"", other: b""}

            async def show(console):
                async def take(data):
                    shown[console] += bytes(data)

                await console.pump(take)

            tasks = [asyncio.create_task(show(console)) for console in shown]
            lines = [(row[3], row[0], GOOD[row[0]][0], row[1]) for row in command_rows()]
            lines += [(r[0], r[0], "", 0) for r in rows() if "hidden" not in r[5]]
            for reply, name, argument, flags in lines:
                shown[mine] = shown[other] = b""
                for byte in "{} {}\r".format(name, argument).encode():
                    line = mine.type(byte)
                await consoles.run_line(line, mine)
                await asyncio.sleep_ms(5)
                start = "" if flags & PRIVATE else "{} = ".format(reply)
                self.assertTrue("\r\n" + start in shown[mine].decode(), shown[mine])
                self.assertFalse(b"failed" in shown[mine] or b"unknown" in shown[mine], name)
                self.assertEqual(bool(shown[other]), not flags & PRIVATE, name)
            for task in tasks:
                await ended(task)

        run(story())


unittest.main()
