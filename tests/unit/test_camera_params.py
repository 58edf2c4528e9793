"""app.camera.params: set all or none, stored on request, applied after every start."""

import json
import random
import unittest

import chip  # noqa: F401 - the fake hardware that the import of the night mode needs
import suite
from fakes import JPEG, NVS, Backoff, Log, outcome, run

from app.camera import params
from app.camera.camera import Camera
from hal.sensor.ov2640 import NightMode
from proto.params import FRAMESIZES, PARAMS, SAVE, parse
from proto.values import BadArgument

GOOD = JPEG
INITIAL = {row[0]: row[3] for row in PARAMS}
RANGES = {row[0]: row[1:3] for row in PARAMS}
RANGES[SAVE] = (0, 1)
NAMES = "framesize, quality, contrast, brightness, saturation, gainceiling, colorbar, awb, agc, \
aec, hmirror, vflip, awb_gain, agc_gain, aec_value, aec2, dcw, bpc, wpc, raw_gma, lenc, \
special_effect, wb_mode, ae_level, nightmode, save_to_nvs"  # behaviour.md, section 5


class Sensor:
    """Keeps its values; rejects those in `lacks`, and all values after `dead_after` more calls."""

    stale = 0
    copies = False
    chip = "OV2640"

    def __init__(self):
        self.values = {}
        self.lacks = ()
        self.dead_after = None

    async def start(self, framesize, quality):
        self.values = dict(INITIAL)
        self.values["framesize"], self.values["quality"] = framesize, quality

    async def capture(self, timeout_ms):
        return memoryview(GOOD)

    def set(self, name, value):
        if self.dead_after is not None:
            self.dead_after -= 1
        if name in self.lacks or (self.dead_after is not None and self.dead_after < 0):
            raise OSError("{}: not offered by this camera".format(name))
        self.values[name] = value

    def offers(self, name):
        return name not in self.lacks

    def poll(self):
        return None

    def release(self, rest=False):
        pass

    def stop(self):
        self.values = {}


class Case:
    """The command and its camera, which is started unless `started` is False."""

    def __init__(self, nvs=None, started=True, lacks=()):
        self.nvs, self.log, self.sensor = nvs or NVS(), Log(), Sensor()
        self.sensor.lacks = lacks
        self.camera = Camera(
            self.sensor, self.log, Backoff(), params.load(self.nvs, self.log), lambda: 4_000_000
        )
        self.changes = 0
        self.params = params.Params(self.camera, self.nvs, self._changed)
        if started:
            self.shoot()

    def _changed(self):
        self.changes += 1

    def shoot(self):
        return run(outcome(self.camera.capture()))

    def set(self, **values):
        return self.params.cmd_camera(json.dumps(values))

    def now(self):
        return json.loads(self.params.cmd_camera(""))


def on_sensor(name, value):
    return FRAMESIZES[value][0] if name == "framesize" else value


class TestEveryParameter(unittest.TestCase):
    def test_all_parameters_exist(self):
        self.assertEqual(sorted(RANGES), sorted(NAMES.split(", ")))

    def test_both_limits_as_number_and_text_are_set_read_and_saved(self):
        for name, low, high, _ in PARAMS:
            for value in (low, high):
                for spelt in (value, str(value)):
                    case = Case()
                    self.assertEqual(json.loads(case.set(**{name: spelt}))[name], value)
                    self.assertEqual(case.now()[name], value)
                    self.assertEqual(case.sensor.values[name], on_sensor(name, value))
                    self.assertEqual((case.changes, case.nvs.stored), (1, {}))
                    case.set(save_to_nvs=1)
                    again = Case(case.nvs)
                    self.assertEqual(again.now()[name], value)
                    self.assertEqual(again.sensor.values[name], on_sensor(name, value))

    def test_values_out_of_range_are_refused_with_the_name(self):
        for name, low, high, initial in PARAMS:
            bad = (low - 1, high + 1, "x", "", None, 1.5, True, [], {}, "0x1", 10**20)
            for value in bad:
                case = Case()
                before = dict(case.sensor.values)
                try:
                    case.set(**{name: value})
                    self.fail("{} accepted {!r}".format(name, value))
                except BadArgument as e:
                    self.assertTrue(name in str(e), str(e))
                self.assertEqual((case.now(), case.sensor.values), (INITIAL, before))
                self.assertEqual(case.changes, 0)

    def test_unsupported_parameter_is_named_and_none_is_set(self):
        for name, low, high, initial in PARAMS:
            case = Case(lacks=(name,))
            other = "quality" if name != "quality" else "contrast"
            value = low if initial != low else high
            for text in ('{{"{o}": 1, "{n}": {v}}}', '{{"{n}": {v}, "{o}": 1}}'):
                before = dict(case.sensor.values)
                try:
                    case.params.cmd_camera(text.format(o=other, n=name, v=value))
                    self.fail(name)
                except BadArgument as e:
                    self.assertTrue(str(e).startswith(name + ":"), str(e))
                offered = {other: INITIAL[other] for other in INITIAL if other != name}
                self.assertEqual(case.now(), offered)
                now = dict(case.sensor.values)
                now["framesize"] = before["framesize"]
                self.assertEqual(now, before)

    def test_frame_sizes_by_name_in_any_case(self):
        for number, (name, _, _) in enumerate(FRAMESIZES):
            for spelt in (name, name.lower()):
                case = Case()
                self.assertEqual(json.loads(case.set(framesize=spelt))["framesize"], number)
                self.assertEqual(case.sensor.values["framesize"], name)


class TestTogether(unittest.TestCase):
    def test_reply_is_all_parameters(self):
        case = Case()
        text = '{"vflip": "1", "quality": "10", "framesize": "8"}'
        now = json.loads(case.params.cmd_camera(text))
        self.assertEqual(now, case.now())
        self.assertEqual((now["vflip"], now["quality"], now["framesize"]), (1, 10, 8))
        self.assertEqual(
            case.log.debugs,
            [("camera", "set vflip 1, quality 10, framesize 8")],
        )

    def test_one_bad_value_sets_none(self):
        for bad in ('"contrast": 3', '"nonsense": 1', '"quality": true', '"save_to_nvs": 2'):
            for text in ('{"vflip": 1, %s}', '{%s, "vflip": 1}'):
                case = Case()
                with self.assertRaises(BadArgument):
                    case.params.cmd_camera(text % bad)
                self.assertEqual((case.now(), case.changes), (INITIAL, 0))
                self.assertEqual(case.sensor.values["vflip"], 0)

    def test_sensor_that_fails_halfway_restarts_with_the_old_values(self):
        for after in range(3):
            case = Case()
            case.sensor.dead_after = after
            with self.assertRaises(BadArgument):
                case.set(vflip=1, hmirror=1, contrast=2)
            self.assertEqual((case.now(), case.changes), (INITIAL, 0))
            case.sensor.dead_after = None
            self.assertEqual(bytes(case.shoot()), GOOD)
            expected = dict(INITIAL)
            expected["framesize"] = "UXGA"
            self.assertEqual(case.sensor.values, expected)

    def test_anything_but_an_object_is_refused(self):
        for text in ("x", "1", "[]", "{}", '"a"', "{", '{"a"}', "null", '{"quality": }', "\0"):
            with self.assertRaises(BadArgument):
                Case().params.cmd_camera(text)

    def test_refused_before_the_camera_is_ready(self):
        case = Case(started=False)
        with self.assertRaises(BadArgument):
            case.set(vflip=1)
        self.assertEqual((case.now(), case.changes), (INITIAL, 0))


class TestInit(unittest.TestCase):
    def test_parameters_are_applied_again_after_each_start(self):
        case = Case()
        case.set(vflip=1, framesize=8, quality=20, nightmode=1, contrast=-2)
        expected = dict(case.sensor.values)
        for _ in range(3):
            case.camera.stop()
            self.assertEqual(case.sensor.values, {})
            self.assertEqual(bytes(case.shoot()), GOOD)
            self.assertEqual(case.sensor.values, expected)

    def test_unsupported_stored_parameter_is_skipped(self):
        nvs = NVS()
        nvs.stored = {"nightmode": 1, "vflip": 1}
        case = Case(nvs, lacks=("vflip",))
        self.assertEqual((case.camera.captured, case.camera.failed), (1, 0))
        self.assertTrue("vflip" in str(case.log.errors))
        self.assertEqual(case.sensor.values["nightmode"], 1)

    def test_invalid_stored_value_reads_as_the_default(self):
        for name, low, high, initial in PARAMS:
            for junk in (low - 1, high + 1, -2_000_000_000, b"x"):
                nvs = NVS()
                nvs.stored[name] = junk
                case = Case(nvs)
                self.assertEqual(case.now(), INITIAL)
                self.assertEqual(bool(case.log.errors), junk != b"x")


class TestSaving(unittest.TestCase):
    def test_only_changed_values_are_written_and_only_on_request(self):
        case = Case()
        case.set(vflip=1, save_to_nvs=0)
        self.assertEqual(case.nvs.writes, 0)
        case.set(quality=10, save_to_nvs=1)
        self.assertEqual(case.nvs.stored, {"vflip": 1, "quality": 10})
        case.set(save_to_nvs="1")
        self.assertEqual((case.nvs.writes, case.nvs.commits), (2, 2))
        case.set(quality=8, save_to_nvs=1)
        self.assertEqual(Case(case.nvs).now()["quality"], 8)

    def test_full_flash_is_reported(self):
        case = Case()
        case.nvs.full = True
        with self.assertRaises(BadArgument):
            case.set(vflip=1, save_to_nvs=1)
        case.nvs.full = False
        case.set(save_to_nvs=1)
        self.assertEqual(case.nvs.stored, {"vflip": 1})

    def test_erase_removes_the_stored_values(self):
        case = Case()
        case.set(vflip=1, nightmode=1, save_to_nvs=1)
        case.params.erase()
        self.assertEqual(case.nvs.stored, {})
        self.assertEqual(Case(case.nvs).now(), INITIAL)


class TestFuzzing(unittest.TestCase):
    def test_mangled_json_is_refused_or_valid(self):
        """MicroPython's json accepts more than the standard allows."""
        random.seed(7)
        seeds = (
            '{"framesize": "8", "quality": "10"}',
            '{"vflip":1,"a":[{"b":null}],"c":-1.5e3,"d":"\\u00e4"}',
            "{1:2,null:3,1.5:4,true:5}",
        )
        for n in range(3_000):
            text = list(seeds[n % len(seeds)])
            for _ in range(random.getrandbits(2) + 1):
                at = random.getrandbits(10) % len(text)
                text[at] = random.choice('{}[]":,0189-+.eE\\un tfl\0ü"')
            try:
                for name, value in parse("".join(text)):
                    low, high = RANGES[name]
                    self.assertTrue(low <= value <= high)
            except BadArgument:
                pass


class I2C:
    def __init__(self):
        self.registers = {0x11: 0x81, 0x0F: 0x42, 0x03: 0x0A}
        self.bank = 0
        self.dead = False

    def writeto_mem(self, address, register, data):
        assert address == 0x30 and len(data) == 1
        if self.dead:
            raise OSError(19)
        if register == 0xFF:
            self.bank = data[0]
        else:
            assert self.bank == 1, "the wrong bank"
            self.registers[register] = data[0]

    def readfrom_mem(self, address, register, count):
        if register == 0xFF:
            return bytes((self.bank,))
        assert self.bank == 1 and count == 1, "the wrong bank"
        return bytes((self.registers[register],))


class TestNightMode(unittest.TestCase):
    def test_registers_are_set_as_specified_and_restored(self):
        i2c = I2C()
        before = dict(i2c.registers)
        night = NightMode(i2c)
        for _ in range(2):
            night.set(1)
            night.set(1)
            self.assertEqual(i2c.registers, {0x11: 0x07, 0x0F: 0x4B, 0x03: 0xCF})
            self.assertEqual(i2c.bank, 0)  # restored for the driver
            night.set(0)
            self.assertEqual((i2c.registers, i2c.bank), (before, 0))

    def test_unresponsive_sensor_raises_oserror(self):
        i2c = I2C()
        i2c.dead = True
        with self.assertRaises(OSError):
            NightMode(i2c).set(1)


suite.main()
