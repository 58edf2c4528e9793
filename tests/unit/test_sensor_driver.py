"""hal.sensor.driver over a `camera` module like micropython-camera-driver."""

import gc
import sys
import unittest

import suite
from chip import BOARD, esp32, machine
from fakes import clock, outcome, run

NAMES = "96X96 QQVGA QCIF HQVGA 240X240 QVGA CIF HVGA VGA SVGA XGA HD SXGA UXGA".split()


class Driver:
    """Has a picture every `period_ms`; `capture` blocks until the next one."""

    JPEG = 4
    PSRAM, DRAM = 0, 1
    XCLK_10MHz, XCLK_20MHz = 10_000_000, 20_000_000

    def __init__(self):
        for number, name in enumerate(NAMES):
            setattr(self, "FRAME_" + name, number)
        self.reset()

    def reset(self):
        self.running = None  # arguments of init
        self.most_psram = 99  # largest frame size that fits
        self.absent = self.silent = self.full = False
        self.period_ms = 80
        self.next_ms = 0
        self.called = []
        self.blocked_ms = []  # of each capture

    def init(self, id, **settings):
        if self.running:  # a failed init stops the running driver
            self.running = None
            raise OSError("Camera Init Failed")
        room = 6 if settings["fb_location"] == self.DRAM else self.most_psram
        if self.absent or settings["framesize"] > room:
            raise OSError("Camera Init Failed")
        self.running = settings
        self.called.clear()
        self.next_ms = clock.now_ms() + self.period_ms
        return True

    def deinit(self):
        was, self.running = self.running, None
        return bool(was)

    def capture(self):
        if not self.running:
            return False
        start = clock.now_ms()
        if self.silent:
            clock.skipped_ms += 4_000
        elif self.next_ms > start:
            clock.skipped_ms += self.next_ms - start
        self.blocked_ms.append(clock.now_ms() - start)
        if self.silent:
            return False
        if self.full:
            raise MemoryError("memory allocation failed, allocating 200000 bytes")
        self.next_ms = max(self.next_ms + self.period_ms, clock.now_ms())
        return b"\xff\xd8jpeg\xff\xd9"

    def _set(name):
        def function(self, value):
            if not self.running:
                return False
            self.called.append((name, value))

        return function

    def framesize(self, value):
        if not self.running:
            return False
        machine.registers[1, 0x11] = 0x00  # clock divider for this size
        self.called.append(("framesize", value))

    for _name in "quality contrast brightness saturation mirror flip speffect".split():
        locals()[_name] = _set(_name)
    whitebalance = _set("whitebalance")


driver = sys.modules["camera"] = Driver()

from hal import sensor  # noqa: E402
from hal.sensor import NoFrame, NoSensor, SensorError, Unsuitable  # noqa: E402

SUPPORTED = (  # name in the API, value, (function of the driver, argument)
    ("quality", 30, ("quality", 30)),
    ("quality", 3, ("quality", 10)),
    ("contrast", -2, ("contrast", -2)),
    ("brightness", 2, ("brightness", 2)),
    ("saturation", 1, ("saturation", 1)),
    ("hmirror", 1, ("mirror", 1)),
    ("vflip", 1, ("flip", 1)),
    ("special_effect", 6, ("speffect", 6)),
    ("wb_mode", 4, ("whitebalance", 4)),
    ("framesize", "QVGA", ("framesize", 5)),
)
UNSUPPORTED = (
    "gainceiling colorbar awb agc aec awb_gain agc_gain aec_value aec2 dcw bpc wpc raw_gma lenc"
    " ae_level"
).split()


class SensorTestCase(unittest.TestCase):
    def setUp(self):
        driver.reset()
        machine.__init__()
        self.sensor = sensor.find(BOARD)
        self.sensor._psram = True

    def start(self, size="VGA", quality=8):
        return run(outcome(self.sensor.start(size, quality)))

    def shoot(self):
        return run(outcome(self.sensor.capture(3_000)))

    def refused(self, name, value):
        try:
            self.sensor.set(name, value)
        except SensorError as e:
            return str(e)
        self.fail("{} was accepted".format(name))


class TestStart(SensorTestCase):
    def test_requests_psram_jpeg_and_the_pins_of_the_board(self):
        self.start("UXGA", 12)
        settings = driver.running
        expected = dict(format=4, framesize=13, quality=12, xclk_freq=20_000_000)
        expected.update(fb_size=2, fb_location=driver.PSRAM, pwdn=32, reset=-1, siod=26, sioc=27)
        expected.update(d0=5, d1=18, d2=19, d3=21, d4=36, d5=39, d6=34, d7=35)
        expected.update(vsync=25, href=23, pclk=22, xclk=0)
        self.assertEqual(settings, expected)

    def test_clock_of_10_or_20_mhz(self):
        self.sensor.set_clock(10)
        self.start("VGA")
        self.assertEqual(driver.running["xclk_freq"], driver.XCLK_10MHz)
        self.sensor.set("vflip", 1)
        self.sensor.set_clock(20)  # restarts with all values
        self.assertEqual(driver.running["xclk_freq"], driver.XCLK_20MHz)
        self.assertEqual((driver.running["framesize"], driver.called), (8, [("flip", 1)]))
        self.assertEqual(self.sensor.clocks_mhz, (10, 20))

    def test_quality_is_limited_to_what_fits_the_buffer(self):
        self.start("VGA", 8)
        self.assertEqual(driver.running["quality"], 10)

    def test_location_of_the_buffers_depends_on_memory(self):
        self.sensor._psram = False
        self.assertIsInstance(self.start("VGA"), MemoryError)
        self.assertIsInstance(self.start("HVGA"), MemoryError)
        self.assertEqual(self.start("CIF"), None)
        self.assertEqual(driver.running["fb_location"], driver.DRAM)

    def test_stops_a_running_driver_even_of_another_program(self):
        driver.init(0, framesize=8, fb_location=0)
        self.assertEqual(self.start(), None)
        self.assertEqual(self.start(), None)
        self.assertTrue(driver.running)

    def test_distinguishes_no_sensor_from_no_memory(self):
        driver.absent, machine.chip = True, None
        error = self.start()
        self.assertIsInstance(error, NoSensor)
        self.assertEqual(error.state, "absent")
        driver.absent, machine.chip = False, "OV2640"
        driver.most_psram = 5
        self.assertIsInstance(self.start(), MemoryError)
        self.assertEqual(driver.running, None)
        self.assertEqual(self.start("QVGA"), None)

    def test_names_a_sensor_that_does_not_start(self):
        driver.absent, machine.clocked = True, False
        for chip, kind, text in (
            (
                "GC2145",
                Unsuitable,
                "sensor GC2145 has no JPEG encoder; this firmware needs an OV2640",
            ),
            ("OV5640", SensorError, "sensor OV5640 answers, but does not start"),
            ("new one", Unsuitable, "a sensor of an unknown type; this firmware needs an OV2640"),
            (None, NoSensor, "no sensor answers"),
        ):
            machine.chip = chip
            error = self.start()
            self.assertEqual((type(error), str(error)), (kind, text))
            self.assertEqual(machine.waves.pop(), (0, 1, (4, 4)))
            self.assertEqual((machine.wave, machine.routes), (None, {26: 96, 27: 95}))

    def test_without_a_clock_for_the_probe_it_is_absent(self):
        driver.absent, machine.wave = True, "busy"
        self.assertEqual(type(self.start()), NoSensor)

    def test_power_cycle_by_pwdn(self):
        self.start()
        run(self.sensor.power_cycle())
        self.assertEqual(machine.levels, [(32, 1), (32, 0)])
        self.assertEqual(driver.running, None)
        self.sensor._pins["powerdown_pin"] = -1
        self.start()
        run(self.sensor.power_cycle())
        self.assertEqual((len(machine.levels), driver.running), (2, None))


class TestParameters(SensorTestCase):
    def test_names_and_scales(self):
        self.start()
        for name, value, call in SUPPORTED:
            self.sensor.set(name, value)
            self.assertEqual(driver.called[-1], call)

    def test_unsupported_parameter_is_named(self):
        self.start()
        for name in UNSUPPORTED:
            why = self.refused(name, 0)
            self.assertTrue(why.startswith(name + ": ") and self.sensor.name in why, why)
        self.assertEqual(driver.called, [])
        self.assertTrue("framesize" in self.refused("framesize", "QSXGA"))

    def test_offers(self):
        offered = [name for name, _, _ in SUPPORTED] + ["nightmode"]
        self.assertTrue(all(self.sensor.offers(name) for name in offered))
        self.assertFalse(any(self.sensor.offers(name) for name in UNSUPPORTED))

    def test_night_mode_is_for_the_ov2640_alone(self):
        for chip in ("OV3660", "OV5640"):
            machine.chip = chip
            self.start()
            self.assertEqual((self.sensor.chip, self.sensor.offers("nightmode")), (chip, False))
            self.assertEqual(self.refused("nightmode", 1), "nightmode: not offered by " + chip)
            self.assertEqual(machine.registers, {})
        machine.chip = "OV2640"
        self.start()
        self.assertTrue(self.sensor.offers("nightmode"))
        self.assertEqual((self.sensor.chip, machine.bank), ("OV2640", 0))  # the driver's own bank

    def test_stopped_driver(self):
        self.assertTrue("not started" in self.refused("vflip", 1))
        self.start()
        driver.deinit()
        self.assertTrue("vflip: " in self.refused("vflip", 1))

    def test_larger_pictures_get_larger_buffers_and_keep_all_values(self):
        self.start("QVGA", 20)
        self.sensor.set("vflip", 1)
        self.sensor.set("nightmode", 1)
        self.sensor.set("quality", 30)
        machine.registers.clear()
        self.sensor.set("framesize", "VGA")
        self.assertEqual((driver.running["framesize"], driver.running["quality"]), (8, 30))
        self.assertEqual(driver.called, [("flip", 1)])
        self.assertEqual(machine.registers[1, 0x11], 7)
        self.sensor.set("framesize", "QVGA")
        self.sensor.set("framesize", "VGA")
        self.assertEqual(driver.called[1:], [("framesize", 5), ("framesize", 8)])

    def test_size_is_kept_without_memory_for_larger_pictures(self):
        driver.most_psram = 8
        self.start("QVGA")
        self.sensor.set("hmirror", 1)
        why = self.refused("framesize", "UXGA")
        self.assertTrue(why.startswith("framesize: no UXGA"), why)
        self.assertEqual(driver.running["framesize"], 5)
        self.assertEqual(driver.called, [("mirror", 1)])

    def test_night_mode_restores_the_pins(self):
        self.start()
        machine.registers = {(1, 0x11): 0x01, (1, 0x0F): 0x43, (1, 0x03): 0x0F}
        before = dict(machine.registers)
        self.sensor.set("nightmode", 1)
        self.assertEqual(machine.registers, {(1, 0x11): 0x07, (1, 0x0F): 0x4B, (1, 0x03): 0xCF})
        self.assertEqual(machine.routes, {26: 96, 27: 95})
        self.sensor.set("framesize", "QVGA")
        self.assertEqual(machine.registers, {(1, 0x11): 0x07, (1, 0x0F): 0x4B, (1, 0x03): 0xCF})
        self.sensor.set("nightmode", 0)
        before[1, 0x11] = 0x00
        self.assertEqual(machine.registers, before)
        machine.registers[1, 0x11] = 0x55
        self.sensor.set("framesize", "UXGA")  # night mode stays off with larger buffers too
        self.assertEqual(machine.registers[1, 0x11], 0x55)
        machine.bus_fails = True
        self.assertTrue(self.refused("nightmode", 1).startswith("nightmode: "))
        self.assertEqual(machine.routes, {26: 96, 27: 95})


class TestCapture(SensorTestCase):
    def test_picture_is_a_view(self):
        self.start()
        view = self.shoot()
        self.assertEqual(bytes(view), b"\xff\xd8jpeg\xff\xd9")
        self.sensor.release()
        self.assertEqual(bytes(view[:2]), b"\xff\xd8")

    def test_not_started(self):
        self.assertIsInstance(self.shoot(), SensorError)

    def test_learns_when_a_capture_does_not_block(self):
        for period_ms in (40, 80, 160, 640):
            driver.period_ms = period_ms
            self.start()
            for _ in range(50):
                self.assertEqual(bytes(self.shoot()[:2]), b"\xff\xd8")
            start = clock.now_ms()
            for _ in range(20):
                self.shoot()
            longest = sorted(driver.blocked_ms[-20:])
            self.assertTrue(longest[-3] <= 50, driver.blocked_ms)  # a busy PC delays two of them
            self.assertTrue(clock.now_ms() - start < 20 * 1.4 * period_ms)

    def test_buffered_pictures_come_at_once_after_a_pause(self):
        self.start()
        for _ in range(10):
            self.shoot()
        clock.skipped_ms += 60_000
        start = clock.now_ms()
        self.shoot()
        self.shoot()
        self.assertTrue(clock.now_ms() - start < 20)

    def test_pause_of_many_days(self):
        for days in (3, 6.3, 9, 12.5):
            self.start()
            for _ in range(5):
                self.shoot()
            clock.skipped_ms += int(days * 86_400_000)
            for _ in range(40):
                self.assertEqual(bytes(self.shoot()[:2]), b"\xff\xd8")
            self.assertTrue(sum(driver.blocked_ms[-20:]) < 600, driver.blocked_ms)

    def test_silent_sensor_blocks_the_loop_once_and_then_every_fourth_attempt(self):
        self.start()
        self.shoot()
        driver.silent, machine.vsync = True, False
        for _ in range(9):
            self.assertIsInstance(self.shoot(), NoFrame)
            self.start()
        self.assertEqual(driver.blocked_ms.count(4_000), 3)
        self.assertEqual(len(machine.vsync_checks_us), 6)
        self.assertTrue(max(machine.vsync_checks_us) <= 2_000_000)

    def test_sensor_with_vsync_is_captured_at_once(self):
        self.start()
        driver.silent, machine.vsync = True, False
        self.assertIsInstance(self.shoot(), NoFrame)
        driver.silent, machine.vsync = False, True
        self.assertEqual(bytes(self.shoot()[:2]), b"\xff\xd8")
        checks = len(machine.vsync_checks_us)
        self.shoot()
        self.assertEqual(len(machine.vsync_checks_us), checks)

    def test_missing_vsync_does_not_exclude_the_camera(self):
        self.start()
        driver.silent, machine.vsync = True, False
        self.shoot()
        driver.silent = False
        shots = [self.shoot() for _ in range(4)]
        self.assertEqual([isinstance(shot, NoFrame) for shot in shots], [True, True, True, False])

    def test_driver_restarts_after_a_full_heap(self):
        self.start()
        driver.full = True
        self.assertIsInstance(self.shoot(), MemoryError)
        self.assertEqual(driver.running, None)
        self.assertIsInstance(self.shoot(), SensorError)
        driver.full = False
        self.start()
        self.assertEqual(bytes(self.shoot()[:2]), b"\xff\xd8")


class TestFind(unittest.TestCase):
    def tearDown(self):
        sys.modules["camera"] = driver

    def test_result_depends_on_the_camera_module(self):
        self.assertEqual(sensor.find(BOARD).name, "micropython-camera-driver")
        sys.modules["camera"] = Other()
        with self.assertRaises(sensor.NoCamera):
            sensor.find(BOARD)
        del sys.modules["camera"]
        with self.assertRaises(sensor.NoCamera):
            sensor.find(BOARD)

    def test_psram_is_a_region_of_the_idf_or_a_large_heap(self):
        for regions, heap, has in (
            ([(1,)], 100_000, True),
            ([], 4_000_000, True),
            ([], 100_000, False),
        ):
            esp32.regions, sensor.gc = regions, Heap(heap)
            self.assertEqual(sensor.has_psram(), has)
            self.assertEqual(sensor.find(BOARD)._psram, has)
        sensor.gc = gc


class Heap:
    """Stands in for the module `gc`."""

    def __init__(self, size):
        self._size = size

    def mem_free(self):
        return self._size - 1_000

    def mem_alloc(self):
        return 1_000


class Other:
    """Camera module of neither kind."""

    def init(self):
        pass

    capture = capture_jpg = init


suite.main()
