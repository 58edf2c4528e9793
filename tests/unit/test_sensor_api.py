"""hal.sensor.api over a `camera` module like micropython-camera-API, new and old."""

import sys
import unittest

import suite
from chip import BOARD, I2C, esp32, machine
from fakes import clock, outcome, run


class FrameSize:
    R96X96, QQVGA, QVGA, VGA, UXGA = 0, 1, 6, 10, 15


class PixelFormat:
    RGB565, JPEG = 0, 4


class GrabMode:
    WHEN_EMPTY, LATEST = 0, 1


class OldCamera:
    """Has no shared bus and does not report whether a picture is available."""

    accepts = ("sda_pin", "scl_pin")
    made = []
    error = deinit_error = None
    available = True
    picture = memoryview(b"\xff\xd8jpeg\xff\xd9")

    def __init__(self, **settings):
        for name in ("i2c", "sda_pin", "scl_pin"):
            if name in settings and name not in self.accepts:
                raise TypeError("extra keyword arguments given")
        if not isinstance(settings["data_pins"], (list, bytearray)):
            raise TypeError("data_pins must be a list or bytearray")
        if self.error:
            raise self.error
        self.settings = settings
        self.running = True
        self.freed = 0
        OldCamera.made.append(self)

    def deinit(self):
        self.running = False
        if self.deinit_error:
            raise self.deinit_error

    def capture(self):
        return self.picture

    def free_buffer(self):
        self.freed += 1


class Camera(OldCamera):
    accepts = ("i2c",)

    def frame_available(self):
        return self.available


class Module:
    pass


module = sys.modules["camera"] = Module()
module.Camera, module.FrameSize = Camera, FrameSize
module.PixelFormat, module.GrabMode = PixelFormat, GrabMode

from hal import sensor  # noqa: E402
from hal.sensor import NoFrame, NoSensor, SensorError, Unsuitable  # noqa: E402


class TestFind(unittest.TestCase):
    def test_without_psram_there_is_no_camera(self):
        regions, sensor.gc, gc = esp32.regions, Heap, sensor.gc
        esp32.regions = []
        try:
            sensor.find(BOARD)
            self.fail("a sensor without PSRAM")
        except sensor.NoCamera as e:
            self.assertTrue("PSRAM" in str(e))
        finally:
            esp32.regions, sensor.gc = regions, gc


class Heap:
    """Stands in for the module `gc` on a board without PSRAM."""

    mem_free = staticmethod(lambda: 97_376)
    mem_alloc = staticmethod(lambda: 60_000)


class SensorTestCase(unittest.TestCase):
    def setUp(self):
        machine.__init__()
        module.Camera = Camera
        OldCamera.made.clear()
        Camera.error = Camera.deinit_error = None
        Camera.available = True
        OldCamera.picture = Camera.picture = memoryview(b"\xff\xd8jpeg\xff\xd9")
        self.sensor = sensor.find(BOARD)

    def start(self, size="VGA", quality=8):
        return run(outcome(self.sensor.start(size, quality)))

    def shoot(self):
        return run(outcome(self.sensor.capture(1_000)))

    def newest(self):
        return OldCamera.made[-1]


class TestStart(SensorTestCase):
    def test_overrides_unsuitable_defaults(self):
        self.assertEqual(self.start("VGA", 63), None)
        settings = self.newest().settings
        self.assertEqual(settings["data_pins"], list(BOARD["data_pins"]))
        for name, value in (
            ("pixel_format", 4),
            ("frame_size", 10),
            ("jpeg_quality", 0),
            ("fb_count", 2),
            ("grab_mode", 1),
            ("powerdown_pin", 32),
        ):
            self.assertEqual(settings[name], value)
        self.assertIsInstance(settings["i2c"], I2C)

    def test_older_driver_gets_the_pins_of_the_bus(self):
        module.Camera = OldCamera
        self.assertEqual(self.start(), None)
        settings = self.newest().settings
        self.assertEqual((settings["sda_pin"], settings["scl_pin"]), (26, 27))
        self.sensor.set("nightmode", 1)
        self.assertEqual(machine.registers[1, 0x11], 7)
        self.assertEqual(machine.routes, {26: 96, 27: 95})

    def test_errors_of_the_driver(self):
        machine.chip = None
        for error, kind in (
            (OSError(95, "ESP_ERR_NOT_SUPPORTED"), NoSensor),
            (OSError(-261, "ESP_ERR_NOT_FOUND"), NoSensor),
            (OSError(95), NoSensor),
            (OSError(12), MemoryError),
            (OSError(-257, "ESP_ERR_NO_MEM"), MemoryError),
            (OSError("Failed to capture initial frame."), NoFrame),
            (OSError(-1, "ESP_FAIL"), SensorError),
        ):
            Camera.error = error
            self.assertEqual(type(self.start()), kind)

    def test_names_a_sensor_without_an_encoder(self):
        machine.chip, machine.clocked = "GC2145", False
        for error in (
            OSError(95, "ESP_ERR_NOT_SUPPORTED"),
            OSError(-261, "ESP_ERR_NOT_FOUND"),  # the driver was built without this sensor
            OSError("Failed to capture initial frame."),
        ):
            Camera.error = error
            found = self.start()
            self.assertEqual(type(found), Unsuitable)
            self.assertTrue(str(found).startswith("sensor GC2145 has no JPEG encoder; "))
        machine.chip = "OV2640"  # silent: the recovery goes on
        self.assertEqual(type(self.start()), NoFrame)

    def test_driver_that_fails_to_stop_is_started_again(self):
        self.start()
        Camera.deinit_error = OSError(-259, "ESP_ERR_INVALID_STATE")
        self.assertEqual(self.start(), None)
        self.assertEqual(len(OldCamera.made), 2)


class TestParameters(SensorTestCase):
    def test_larger_pictures_get_larger_buffers_and_keep_all_values(self):
        self.start("QVGA")
        self.sensor.set("hmirror", 1)
        self.sensor.set("framesize", "96X96")
        self.assertEqual(self.newest().frame_size, 0)
        self.sensor.set("framesize", "UXGA")
        self.assertEqual(len(OldCamera.made), 2)
        self.assertEqual(self.newest().settings["frame_size"], 15)
        self.assertIs(self.newest().hmirror, True)

    def test_unsupported_frame_size_is_named(self):
        self.start()
        try:
            self.sensor.set("framesize", "HQVGA")
            self.fail("accepted")
        except SensorError as e:
            self.assertTrue(str(e).startswith("framesize: HQVGA"))


class TestCapture(SensorTestCase):
    def test_returns_the_view_of_the_driver(self):
        self.start()
        self.assertIs(self.shoot(), Camera.picture)
        freed = self.newest().freed
        self.sensor.release()
        self.assertEqual(self.newest().freed, freed + 1)

    def test_at_rest_the_buffer_is_returned_with_the_next_poll(self):
        self.start()
        self.shoot()
        freed = self.newest().freed
        self.sensor.release(rest=True)
        self.assertEqual((self.newest().freed, self.sensor.stale), (freed, 1))
        self.sensor.poll()
        self.assertEqual((self.newest().freed, self.sensor.stale), (freed + 1, 2))

    def test_a_new_frame_size_or_start_ends_the_rest(self):
        for change in (lambda: self.sensor.set("framesize", "QVGA"), self.sensor.stop, self.start):
            self.start()
            self.shoot()
            self.sensor.release(rest=True)
            change()
            self.assertEqual(self.sensor.stale, 2)

    def test_older_driver_does_not_rest(self):
        module.Camera = OldCamera
        self.start()
        self.shoot()
        self.sensor.release(rest=True)
        self.assertEqual(self.sensor.stale, 2)

    def test_waits_only_if_no_picture_is_available(self):
        self.start()
        Camera.available = False
        self.assertIs(self.sensor.poll(), None)
        start = clock.now_ms()
        self.assertIsInstance(self.shoot(), NoFrame)
        self.assertTrue(900 < clock.now_ms() - start < 2_500)

    def test_older_driver_is_polled_at_its_frame_rate(self):
        module.Camera = OldCamera
        self.start()
        self.assertIs(self.sensor.poll(), None)
        self.assertIs(self.shoot(), OldCamera.picture)
        OldCamera.picture = None
        self.assertIsInstance(self.shoot(), NoFrame)

    def test_empty_capture_is_a_fault(self):
        self.start()
        Camera.picture = None
        self.assertIsInstance(self.shoot(), SensorError)


suite.main()
