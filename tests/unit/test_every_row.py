"""Every command and setting, called as each transport calls it."""

import asyncio
import unittest

import suite
from fakes import NVS, Log, ended, run, settings_on
from powercut import MODES, DyingNVS, PowerCut

from app import commands as table
from app import password
from app.camera.params import Params
from app.clock import Clock
from app.commands import PRIVATE, TABLE, Commands
from app.console.console import Consoles
from app.memory import Memory
from app.mqtt.live import Live
from app.mqtt.publisher import ImagePublisher
from app.ota.trial import Trial
from app.ota.update_state import UpdateState
from app.ota.updater import Updater
from app.power import Power
from app.restart import Restart
from app.settings.schema import (
    CHECK,
    DEFAULT,
    DEFAULT_BY_1,
    DEVICE_ID_TOO,
    FILE,
    FLAGS,
    GROUP,
    HASHED,
    HIDDEN,
    INT,
    KEY,
    KIND,
    NAME,
    SCHEMA,
    SECRET,
)
from app.status import Status
from app.wifi.station import WiFiLink
from proto.params import PARAMS
from proto.values import BadArgument, UnknownCommand

ID = "DVES_A1B2C3"
GOOD = {  # command -> argument, reply
    "status": ("2", None),
    "config": ("", None),
    "log": ("", None),
    "time": ("", None),
    "camera": ('{"quality": 10}', None),
    "help": ("power", "power off | on | toggle"),
    "power": ("on", "on"),
    "light": ("on", "on"),
    "timer": ("5", "5"),
    "capture": ("", "capturing"),
    "live": ("60,5", "60"),
    "upgrade": ("1", "Upgrade 1.0.0"),
    "update": ("1", None),
    "mqttotastart": ("0", "off"),
    "mqttotaconfirm": ("1", "OTA image already confirmed"),
    "rollback": ("1", "Nothing is on trial"),
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
    "live": "601",
    "upgrade": "2",
    "update": "2",
    "mqttotastart": "2",
    "mqttotaconfirm": "0",
    "rollback": "0",
    "smartconfig": "0",
    "restart": "0",
    "reset": "yes",
}
TAKE_NO_ARGUMENT = "config log time capture".split()
ANSWER_AN_EMPTY_ARGUMENT = (
    "status config log time camera help power light timer capture live update mqttotastart".split()
)


class Parts:
    """Stands in for the collaborators of the commands' owners."""

    def __init__(self):
        self.up = asyncio.Event()
        self.up.set()
        self.on = False
        self.state, self.reason = "ready", ""
        self.params = {row[0]: row[3] for row in PARAMS}
        self.refused = self.captured = self.failed = self.joins = self.connects = self.dropped = 0
        self.recoveries, self.restarts = {}, {}
        self.last_error = ""
        self.device_id = ID
        self.ap_open = self.tls = False
        self.stopped = ""

    def set(self, what):
        if isinstance(what, list):
            self.params.update(what)
        else:
            self.on = bool(what)

    chip = "OV2640"

    def values(self):
        return self.params

    def fresh(self):
        return self

    def address(self):
        return "10.0.0.2", 1883, False

    def absent(self):
        return ""

    @property
    def sender(self):
        return self

    def limited(self):
        return ""

    def rssi(self):
        return -60

    def free_bytes(self):
        return 100_000

    def internal_bytes(self):
        return 121_000, 98_000

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


class Idle:
    """Stands in for app.ota's trial, report and releases, without any update."""

    unconfirmed = False
    state = "idle"
    notice = failure = ""
    percent = latest = summary = url = None

    def request(self):
        pass

    def begin(self):
        pass


class Slots:
    """Stands in for hal.otadata and hal.appslot: nothing is on trial."""

    def unconfirmed(self):
        return False


def make(nvs=None, values=None):
    nvs, log, parts, idle = nvs or NVS(), Log(), Parts(), Idle()
    settings = settings_on(nvs, log, ID, values)
    power = Power(Parts(), settings, log)
    commands = Commands(settings)
    commands.own(
        status=Status(settings, parts, power, *(parts,) * 10, Memory(parts)),
        power=power,
        publisher=ImagePublisher(parts, parts, settings, b"image", Log(), parts),
        live=Live(parts, None, parts, None, None, log),
        params=Params(parts, NVS(), lambda: None),
        wifi=WiFiLink(None, None, settings, log, Parts, None),
        clock=Clock(parts, None, settings, parts.up, log, Parts),
        system=Restart(settings, None, None, None, log),
        updater=Updater(
            settings, *(None,) * 5, parts, None, nvs, None, log, None, idle, idle, idle
        ),
        trial=Trial(None, Slots(), Slots(), *(None,) * 9),
        update=UpdateState(settings, idle, idle, idle, idle, None),
    )
    return commands, settings


def visible(files=True):
    rows = [row for row in SCHEMA if not row[FLAGS] & HIDDEN]
    return [row for row in rows if files or row[KIND] != FILE]


def call(commands, name, argument="", group=False):
    return run(commands.call(name, argument, group))


def other_value(row):
    """Return (text, value) of a value that is not the default."""
    check = row[CHECK]
    if getattr(check, "names", None):
        value = (row[DEFAULT] + 1) % len(check.names)
        return check.names[value], value
    if row[KIND] == INT:
        value = check.high if check.high != row[DEFAULT] else check.low
        return str(value), value
    text = _TEXTS.get(row[NAME], "something")
    return text, text


_TEXTS = {
    "timezone": "UTC0",
    "apip": "10.0.0.1",
    "ip": "10.0.0.2",
    "netmask": "255.255.0.0",
    "gateway": "10.0.0.1",
    "dns": "10.0.0.1",
    "mqttpin": "5e" * 32,
    "motionmask": "0f" * 24,
    "topiclayout": "%topic%/%prefix%",
    "pubtimes": "07:00-21:30",
    "place": "48.1,11.6",
    "pushurl": "http://host/in",
    "pushheader": "X-Key: something",
}


def bad_value(row):
    check = row[CHECK]
    return str(check.high + 1) if type(check).__name__ == "Between" else "\x01" + "x" * 9_000


def masked(row, text):
    return "***" if row[FLAGS] & SECRET else text


def is_value(row, now, value):
    """Return True if the current value is the entered one, or its hash."""
    if row[FLAGS] & HASHED and now and value:
        return password.is_current(now) and run(password.matches(value, now))
    return now == value


class TestCommands(unittest.TestCase):
    def test_lists_contain_every_row(self):
        names = sorted(row[0] for row in TABLE)
        self.assertEqual(sorted(GOOD), names)
        self.assertEqual(sorted(list(BAD) + TAKE_NO_ARGUMENT), names)

    def test_each_replies(self):
        for name, flags, _, reply, _ in TABLE:
            argument, text = GOOD[name]
            commands, _ = make(values={"otaurl": "http://example/fw.bin"})
            found = call(commands, name.upper(), " " + argument + " ")
            self.assertEqual((found[0], found[2]), (reply, flags))
            self.assertTrue(found[1] if text is None else found[1] == text, (name, found))

    def test_each_accepts_an_empty_argument_or_replies_with_its_syntax(self):
        for row in TABLE:
            commands, _ = make()
            if row[0] in ANSWER_AN_EMPTY_ARGUMENT:
                self.assertTrue(call(commands, row[0])[1], row[0])
            else:
                with self.assertRaises(BadArgument):
                    call(commands, row[0])

    def test_each_refuses_a_bad_argument_with_its_syntax(self):
        for name, argument in BAD.items():
            commands, _ = make()
            before = call(commands, "power")[1], call(commands, "camera")[1]
            try:
                call(commands, name, argument)
                self.fail("{} accepted {}".format(name, argument))
            except BadArgument as e:
                self.assertTrue(len(str(e)) > 3)
            self.assertEqual((call(commands, "power")[1], call(commands, "camera")[1]), before)

    def test_each_has_its_own_help(self):
        commands, _ = make()
        for name in commands.names():
            text = call(commands, "help", name)[1]
            self.assertTrue(text.startswith(name + " ") and len(text) > len(name) + 3, text)


class TestSettings(unittest.TestCase):
    def test_each_is_read_changed_saved_and_loaded(self):
        for row in visible(files=False):
            nvs = NVS()
            commands, settings = make(nvs)
            self.assertEqual(call(commands, row[NAME])[:2], (row[NAME], settings.show(row[NAME])))
            text, value = other_value(row)
            self.assertEqual(call(commands, row[NAME], text)[1], masked(row, text), row[NAME])
            self.assertTrue(is_value(row, settings[row[NAME]], value), row[NAME])
            self.assertTrue(settings.flush())
            commands, settings = make(nvs)
            self.assertTrue(is_value(row, settings[row[NAME]], value), row[NAME])
            self.assertEqual(call(commands, row[NAME])[1], masked(row, text))

    def test_each_refuses_a_bad_value_and_keeps_the_old(self):
        for row in visible():
            nvs = NVS()
            commands, settings = make(nvs)
            before = settings[row[NAME]]
            try:
                call(commands, row[NAME], bad_value(row))
                self.fail(row[NAME])
            except BadArgument as e:
                self.assertTrue(str(e), row[NAME])
                self.assertTrue(len(str(e)) < 300, row[NAME])
            settings.flush()
            self.assertEqual((settings[row[NAME]], nvs.writes), (before, 0))

    def test_1_restores_the_default_only_where_flagged(self):
        for row in visible(files=False):
            for flag, text in ((DEFAULT_BY_1, "1"), (DEVICE_ID_TOO, ID)):
                nvs = NVS()
                commands, settings = make(nvs)
                call(commands, row[NAME], other_value(row)[0])
                settings.flush()
                try:
                    call(commands, row[NAME], text)
                except BadArgument:
                    self.assertFalse(flag & row[FLAGS], row[NAME])
                settings.flush()
                if flag & row[FLAGS]:
                    self.assertEqual(settings[row[NAME]], row[DEFAULT], row[NAME])
                    self.assertFalse(row[KEY] in nvs.stored, row[NAME])
                elif type(row[CHECK]).__name__ == "Between" and text == "1":
                    in_range = row[CHECK].low <= 1 <= row[CHECK].high
                    expected = 1 if in_range else other_value(row)[1]
                    self.assertEqual(settings[row[NAME]], expected, row[NAME])

    def test_group_may_use_only_flagged_settings(self):
        for row in SCHEMA:
            commands, settings = make()
            if row[FLAGS] & HIDDEN or not row[FLAGS] & GROUP:
                with self.assertRaises(UnknownCommand):
                    call(commands, row[NAME], other_value(row)[0], group=True)
                self.assertEqual(settings[row[NAME]], row[DEFAULT])
            else:
                reply = call(commands, row[NAME], other_value(row)[0], group=True)
                self.assertEqual(reply[2], table.RETAIN)

    def test_off_and_on_read_as_0_and_1(self):
        commands, settings = make()  # behaviour.md, section 3
        for text, value in (("off", 0), ("on", 1), ("OFF", 0), ("On", 1)):
            self.assertEqual(call(commands, "mqttcleansession", text)[1], str(value))
        for text in ("toggle", "2", "x"):
            with self.assertRaises(BadArgument):
                call(commands, "mqttcleansession", text)

    def test_power_cut_at_any_write_leaves_the_old_or_new_value(self):
        for row in visible(files=False):
            text, value = other_value(row)
            for mode in MODES:
                cut, died = 0, True
                while died:
                    nvs, died = DyingNVS({"MQTT_KEEPALIVE": 77}, cut, mode), False
                    commands, settings = make(nvs)
                    old = settings[row[NAME]]
                    try:
                        call(commands, row[NAME], text)
                        settings.flush()
                    except PowerCut:
                        died = True
                    now = settings_on(DyingNVS(nvs.after_power_cut()))
                    is_old = died and now[row[NAME]] == old
                    self.assertTrue(is_old or is_value(row, now[row[NAME]], value), row[NAME])
                    if row[NAME] != "mqttkeepalive":
                        self.assertEqual(now["mqttkeepalive"], 77)
                    cut += 1
                self.assertTrue(cut > 2, row[NAME])


class TestConsole(unittest.TestCase):
    def test_each_row_through_a_console(self):
        async def scenario():
            commands, settings = make(values={"otaurl": "http://example/fw.bin"})
            consoles = Consoles(commands, Log())
            mine, other = consoles.open(), consoles.open()
            shown = {mine: b"", other: b""}

            async def show(console):
                async def write(data):
                    shown[console] += bytes(data)

                await console.pump(write)

            tasks = [asyncio.create_task(show(console)) for console in shown]
            lines = [(row[3], row[0], GOOD[row[0]][0], row[1]) for row in TABLE]
            lines += [(row[NAME], row[NAME], "", 0) for row in visible()]
            for reply, name, argument, flags in lines:
                shown[mine] = shown[other] = b""
                for byte in "{} {}\r".format(name, argument).encode():
                    line = mine.type(byte)
                    if line:
                        await consoles.run_line(line, mine)
                await asyncio.sleep_ms(5)
                start = "" if flags & PRIVATE else "{} = ".format(reply)
                self.assertTrue("\r\n" + start in shown[mine].decode(), shown[mine])
                self.assertFalse(b"failed" in shown[mine] or b"unknown" in shown[mine], name)
                self.assertEqual(bool(shown[other]), not flags & PRIVATE, name)
            for task in tasks:
                await ended(task)

        run(scenario())


suite.main()
