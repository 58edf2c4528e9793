"""Checks the interface of micropython-camera-API, including its quirks."""

import time
import unittest

from machine import Pin

try:
    import camera
except ImportError:
    camera = None

PWDN = 32

if not hasattr(camera, "Camera"):

    class TestNothing(unittest.TestCase):
        @unittest.skip("this firmware has no micropython-camera-API: nothing to test")
        def test_nothing(self):
            pass

    unittest.main()  # ends the program

from camera import Camera, FrameSize, GainCeiling, GrabMode, PixelFormat  # noqa: E402


def jpeg_camera(**settings):
    settings.setdefault("pixel_format", PixelFormat.JPEG)
    settings.setdefault("frame_size", FrameSize.VGA)
    return Camera(**settings)


def refused(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except Exception as exc:
        return type(exc), exc.args
    return None


def size_of(jpeg):
    """Return width and height from the JPEG's SOF segment."""
    data = bytes(jpeg)
    at = 2
    while data[at + 1] not in (0xC0, 0xC2):
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    height, width = data[at + 5 : at + 7], data[at + 7 : at + 9]
    return int.from_bytes(width, "big"), int.from_bytes(height, "big")


class CameraTestCase(unittest.TestCase):
    def setUp(self):
        Pin(PWDN, Pin.OUT, value=0)
        self.camera = None

    def tearDown(self):
        if self.camera:
            self.camera.deinit()


class TestConstructor(CameraTestCase):
    def test_keywords_only(self):
        self.assertEqual(refused(Camera, PixelFormat.JPEG)[0], TypeError)

    def test_defaults_are_not_jpeg(self):
        self.camera = Camera()
        self.assertEqual(self.camera.pixel_format, PixelFormat.RGB565)
        self.assertEqual(self.camera.frame_size, FrameSize.QQVGA)
        self.assertEqual(self.camera.quality, 85)
        self.assertEqual(self.camera.fb_count, 1)
        self.assertEqual(self.camera.grab_mode, GrabMode.WHEN_EMPTY)
        self.assertEqual(len(self.camera.capture()), 160 * 120 * 2)

    def test_quality_range(self):
        for quality in (-1, 101):
            self.assertEqual(refused(jpeg_camera, jpeg_quality=quality)[0], ValueError)

    def test_data_pins_are_no_tuple(self):
        pins = [5, 18, 19, 21, 36, 39, 34, 35]
        self.assertEqual(refused(jpeg_camera, data_pins=tuple(pins))[0], TypeError)
        self.assertEqual(refused(jpeg_camera, data_pins=pins[1:])[0], ValueError)
        self.camera = jpeg_camera(data_pins=pins)
        self.assertTrue(self.camera.capture())

    def test_one_or_two_buffers(self):
        self.camera = jpeg_camera(fb_count=9)
        self.assertEqual(self.camera.fb_count, 2)

    def test_second_camera_stops_the_first(self):
        first = jpeg_camera()
        self.camera = jpeg_camera()
        self.assertEqual(refused(first.capture), (OSError, (2,)))
        self.assertTrue(self.camera.capture())

    def test_later_init(self):
        self.camera = jpeg_camera(init=False)
        self.assertEqual(refused(self.camera.capture), (OSError, (2,)))
        self.camera.init()
        self.assertTrue(self.camera.capture())

    def test_with_statement(self):
        with jpeg_camera() as cam:
            self.assertTrue(cam.capture())
        self.assertEqual(refused(cam.capture), (OSError, (2,)))


class TestCapture(CameraTestCase):
    def test_complete_jpeg(self):
        self.camera = jpeg_camera()
        jpeg = bytes(self.camera.capture())
        self.assertEqual(jpeg[:2], b"\xff\xd8")
        self.assertIn(b"\xff\xd9", jpeg[-64:])
        self.assertEqual(size_of(jpeg), (640, 480))

    def test_view_is_signed(self):
        self.camera = jpeg_camera()
        view = self.camera.capture()
        self.assertIsInstance(view, memoryview)
        self.assertEqual((view[0], view[1]), (-1, -40))

    def test_view_is_invalid_after_the_lease(self):
        self.camera = jpeg_camera(fb_count=1)
        view = self.camera.capture()
        before = bytes(view)
        self.camera.capture()
        self.assertFalse(bytes(view) == before)

    def test_sizes(self):
        for name, size in (("QVGA", (320, 240)), ("HD", (1280, 720)), ("R96X96", (96, 96))):
            self.camera = jpeg_camera(frame_size=getattr(FrameSize, name))
            self.assertEqual(size_of(self.camera.capture()), size)
            pixels = (self.camera.pixel_width, self.camera.pixel_height)
            self.assertEqual(pixels, size)

    def test_available_and_free(self):
        self.camera = jpeg_camera(fb_count=2, grab_mode=GrabMode.LATEST)
        self.camera.free_buffer()
        end = time.ticks_add(time.ticks_ms(), 2_000)
        while not self.camera.frame_available():
            self.assertTrue(time.ticks_diff(end, time.ticks_ms()) > 0)
            time.sleep_ms(5)
        start = time.ticks_ms()
        self.assertTrue(self.camera.capture())
        self.assertTrue(time.ticks_diff(time.ticks_ms(), start) < 500)

    def test_higher_quality_makes_pictures_larger(self):
        self.camera = jpeg_camera(jpeg_quality=90)
        fine = len(self.camera.capture())
        self.camera.quality = 40
        for _ in range(3):
            coarse = len(self.camera.capture())
        self.assertTrue(coarse < fine)

    def test_reconfigure(self):
        self.camera = jpeg_camera()
        self.camera.reconfigure(frame_size=FrameSize.QVGA, fb_count=2)
        self.assertEqual(size_of(self.camera.capture()), (320, 240))
        self.assertEqual(self.camera.fb_count, 2)


class TestProperties(CameraTestCase):
    def setUp(self):
        super().setUp()
        self.camera = jpeg_camera()

    def test_numbers(self):
        for name, low, high in (
            ("contrast", -2, 2),
            ("brightness", -2, 2),
            ("saturation", -2, 2),
            ("special_effect", 0, 6),
            ("wb_mode", 0, 4),
            ("gainceiling", 0, 6),
        ):
            for value in (low, high, 0):
                setattr(self.camera, name, value)
                self.assertEqual(getattr(self.camera, name), value)
            invalid = ValueError, ("Invalid setting for " + name,)
            self.assertEqual(refused(setattr, self.camera, name, high + 1), invalid)

    def test_switches(self):
        for name in ("colorbar", "hmirror", "vflip"):
            setattr(self.camera, name, True)
            self.assertIs(getattr(self.camera, name), True)
            setattr(self.camera, name, False)
            self.assertIs(getattr(self.camera, name), False)

    def test_read_only(self):
        read_only = ValueError, ("read-only property",)
        for name in ("pixel_format", "grab_mode", "fb_count", "max_frame_size", "sensor_name"):
            self.assertEqual(refused(setattr, self.camera, name, 0), read_only)

    def test_frame_size(self):
        self.camera.frame_size = FrameSize.QVGA
        self.assertEqual(self.camera.frame_size, FrameSize.QVGA)
        for _ in range(3):
            jpeg = self.camera.capture()
        self.assertEqual(size_of(jpeg), (320, 240))

    def test_older_methods(self):
        self.camera.set_hmirror(True)
        self.assertTrue(self.camera.get_hmirror())
        self.assertEqual(self.camera.get_pixel_width(), 640)

    def test_no_properties_without_a_running_camera(self):
        self.camera.deinit()
        self.assertEqual(refused(getattr, self.camera, "contrast")[0], AttributeError)


class TestNoSensor(CameraTestCase):
    def test_constructor_fails(self):
        kind, args = refused(jpeg_camera)
        self.assertEqual(kind, OSError)
        self.assertTrue(args[0] == 95 or args[0] < 0)  # EOPNOTSUPP, or ESP-IDF's own


class TestConstants(unittest.TestCase):
    def test_numbers(self):
        self.assertEqual((FrameSize.QVGA, FrameSize.VGA, FrameSize.UXGA), (6, 10, 15))
        self.assertEqual((PixelFormat.JPEG, PixelFormat.RGB565), (4, 0))
        self.assertEqual((GrabMode.WHEN_EMPTY, GrabMode.LATEST), (0, 1))

    def test_gain_ceilings_start_with_a_digit(self):
        self.assertEqual(getattr(GainCeiling, "2X"), 0)
        self.assertEqual(getattr(GainCeiling, "128X"), 6)
        self.assertFalse(hasattr(GainCeiling, "X2"))

    def test_module_has_no_functions(self):
        self.assertFalse(hasattr(camera, "init"))


Pin(PWDN, Pin.OUT, value=0)
if refused(jpeg_camera):
    print("no sensor answers: tests that need one are left out")
    del TestConstructor, TestCapture, TestProperties
else:
    del TestNoSensor
unittest.main()
