"""app.camera.camera and recovery: only valid pictures, and the order of the recovery steps."""

import asyncio
import unittest

import suite
from fakes import JPEG, NVS, Backoff, Log, clock, outcome, run

from app.camera import params
from app.camera.camera import Camera, CameraFault
from app.camera.recovery import LADDER
from proto.values import BadArgument

GOOD = JPEG
CUT = JPEG[:-2]


class Absent(OSError):
    """Stands in for hal.sensor.NoSensor."""

    state = "absent"


class Sensor:
    """Follows `script`, with an error or a picture per capture; the last entry repeats."""

    stale = 2
    copies = False
    chip = "OV2640"

    def __init__(self, *script):
        self._script = list(script)
        self.calls = []
        self.start_error = None
        self._started = False

    async def start(self, framesize, quality):
        self.calls.append("start {} {}".format(framesize, quality))
        self._started = not self.start_error
        if self.start_error:
            raise self.start_error

    async def capture(self, timeout_ms):
        self.calls.append("capture")
        if not self._started:
            raise OSError("not started")
        step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(step, Exception):
            await asyncio.sleep_ms(timeout_ms)
            raise step
        return memoryview(step)

    async def power_cycle(self):
        self.calls.append("power")

    def poll(self):
        return None

    def release(self, rest=False):
        self.calls.append("release")

    def stop(self):
        self.calls.append("stop")
        self._started = False


def plenty():
    return 4_000_000


def initial_params():
    return params.load(NVS(), Log())


def camera_of(*script, backoff=None):
    sensor = Sensor(*script)
    log = Log()
    return Camera(sensor, log, backoff or Backoff(1_000), initial_params(), plenty), sensor, log


def shoot(camera):
    return run(outcome(camera.capture()))


class TestCamera(unittest.TestCase):
    def test_starts_the_sensor_once_and_returns_pictures(self):
        camera, sensor, log = camera_of(GOOD)
        self.assertEqual(camera.state, "starting")
        self.assertEqual(bytes(shoot(camera)), GOOD)
        self.assertEqual(bytes(shoot(camera)), GOOD)
        camera.release()
        self.assertEqual(sensor.calls, ["start UXGA 8", "capture", "capture", "release"])
        self.assertEqual((camera.state, camera.captured, camera.failed), ("ready", 2, 0))

    def test_padding_is_cut_off(self):
        for padding in (b"\0" * 700, b"\xff" * 513, b"x"):
            camera, _, _ = camera_of(GOOD + padding)
            self.assertEqual(bytes(shoot(camera)), GOOD)

    def test_bad_pictures_are_never_returned(self):
        for bad in (CUT, b"", b"\0" * 100, b"\xff\xd9", GOOD[1:], CUT + b"\0" * 99):
            camera, _, log = camera_of(bad)
            for _ in range(8):
                self.assertIsInstance(shoot(camera), CameraFault)
            self.assertEqual((camera.captured, camera.failed), (0, 8))
            self.assertEqual(len(log.errors), 1)

    def test_bad_pictures_run_the_recovery_steps_in_order(self):
        camera, sensor, _ = camera_of(CUT)
        shoot(camera)
        steps = []
        for _ in range(6):
            before = dict(camera.recoveries)
            sensor.calls.clear()
            shoot(camera)
            step_taken = [step for step in LADDER if camera.recoveries[step] != before[step]][0]
            steps.append((step_taken, " ".join(sensor.calls)))
        start = "start UXGA 8 "
        self.assertEqual(
            steps,
            [
                ("retry", "capture"),
                ("flush", "capture capture capture"),
                ("reinit", start + "capture"),
                ("reinit", start + "capture"),
                ("power", "power " + start + "capture"),
                ("power", "power " + start + "capture"),
            ],
        )

    def test_silent_sensor_skips_the_waiting_steps(self):
        camera, sensor, _ = camera_of(OSError("silent"))
        shoot(camera)
        shoot(camera)
        self.assertEqual((camera.recoveries["retry"], camera.recoveries["flush"]), (0, 0))
        self.assertEqual(camera.recoveries["reinit"], 1)

    def test_recovers_from_every_step(self):
        for faults in range(1, 9):
            camera, _, log = camera_of(*([CUT] * faults + [GOOD]))
            for _ in range(20):
                if not isinstance(shoot(camera), CameraFault):
                    break
            self.assertEqual((camera.state, camera.reason), ("ready", ""))
            self.assertTrue("works again" in str(log.infos))
            recoveries = dict(camera.recoveries)
            self.assertEqual(bytes(shoot(camera)), GOOD)
            self.assertEqual(camera.recoveries, recoveries)

    def test_next_fault_starts_at_the_first_step(self):
        camera, _, _ = camera_of(CUT, GOOD, CUT, GOOD)
        for _ in range(6):
            shoot(camera)
        self.assertEqual(camera.recoveries["retry"], 2)

    def test_late_recovery_is_noticed_within_a_minute(self):
        camera, sensor, _ = camera_of(GOOD)
        sensor.start_error = OSError("init failed")
        started = clock.now_ms()
        while clock.now_ms() - started < 300_000:
            self.assertIsInstance(shoot(camera), CameraFault)
        self.assertTrue("init failed" in camera.reason)
        sensor.start_error = None
        started = clock.now_ms()
        while isinstance(shoot(camera), CameraFault):
            pass
        self.assertTrue(clock.now_ms() - started < 60_000)

    def test_power_cycles_are_spaced_by_the_backoff(self):
        backoff = Backoff(30_000)
        camera, sensor, _ = camera_of(OSError("silent"), backoff=backoff)
        for _ in range(3):
            shoot(camera)
        started = clock.now_ms()
        for _ in range(4):
            shoot(camera)
        self.assertTrue(clock.now_ms() - started >= 120_000)
        sensor._script = [GOOD]
        shoot(camera)
        self.assertEqual(backoff.resets, 1)

    def test_out_of_memory_is_a_fault_but_a_bug_is_not(self):
        camera, _, _ = camera_of(MemoryError())
        self.assertIsInstance(shoot(camera), CameraFault)
        camera, _, _ = camera_of(ZeroDivisionError())
        self.assertIsInstance(shoot(camera), ZeroDivisionError)

    def test_two_consecutive_memory_errors_reduce_the_picture_size(self):
        camera, sensor, log = camera_of(
            GOOD, MemoryError("full"), GOOD, *[MemoryError("full")] * 3
        )
        for size in (13, 13, 13, 13, 12, 11, 10):
            shoot(camera)
            self.assertEqual(camera.params["framesize"], size)
        self.assertTrue("too little memory for UXGA" in str(log.errors))
        sensor._script = [GOOD]
        sensor.calls.clear()
        self.assertEqual(bytes(shoot(camera)), GOOD)
        self.assertTrue("start XGA 8" in sensor.calls)

    def test_absent_sensor_is_retried_forever_and_logged_once(self):
        camera, sensor, log = camera_of(GOOD)
        sensor.start_error = Absent("no sensor answers")
        for _ in range(50):
            self.assertIsInstance(shoot(camera), CameraFault)
            self.assertEqual((camera.state, camera.reason), ("absent", "no sensor answers"))
        self.assertTrue("capture" not in sensor.calls)
        self.assertEqual(len(log.errors), 1)
        self.assertTrue(len(log.infos) <= 2)
        with self.assertRaises(CameraFault):
            camera.set([("vflip", 1)])
        sensor.start_error = None
        self.assertEqual(bytes(shoot(camera)), GOOD)
        self.assertEqual((camera.state, camera.reason), ("ready", ""))
        sensor.start_error = Absent("no sensor answers")
        camera.stop()
        shoot(camera)
        self.assertEqual(len(log.errors), 2)

    def test_varying_faults_are_logged_at_most_a_dozen_times(self):
        camera, _, log = camera_of(*[OSError("at %d" % n) for n in range(99)])
        for _ in range(90):
            shoot(camera)
        self.assertTrue(3 < len(log.errors) <= 12)

    def test_debug_log_has_every_failure(self):
        camera, _, log = camera_of(CUT)
        for _ in range(3):
            shoot(camera)
        expected = ["failure {}: no EOI".format(n) for n in (1, 2, 3)]
        self.assertEqual([text for _, text in log.debugs], expected)

    def test_capture_after_stop_starts_the_sensor_again(self):
        camera, sensor, _ = camera_of(GOOD)
        shoot(camera)
        camera.stop()
        sensor.calls.clear()
        self.assertEqual(bytes(shoot(camera)), GOOD)
        self.assertEqual(sensor.calls, ["start UXGA 8", "capture"])

    def test_clock_that_the_driver_does_not_offer(self):
        camera, sensor, _ = camera_of(GOOD)
        sensor.name, sensor.clocks_mhz = "the driver", (10, 20)
        for mhz in (10, 20):
            self.assertEqual(camera.check_clock(mhz), None)
        try:
            camera.check_clock(12)
            self.fail("accepted")
        except BadArgument as e:
            self.assertEqual(str(e), "the driver offers 10 or 20 MHz")

    def test_sensor_that_does_not_restart_with_a_clock_starts_later(self):
        camera, sensor, log = camera_of(GOOD)
        shoot(camera)

        def fail(mhz):
            raise OSError("init failed")

        sensor.set_clock = fail
        camera.set_clock(10)
        self.assertEqual((camera.state, len(log.errors)), ("starting", 1))
        self.assertEqual(bytes(shoot(camera)), GOOD)

    def test_without_a_sensor(self):
        log, missing = Log(), "no camera driver in this firmware"
        camera = Camera(None, log, Backoff(), initial_params(), plenty, missing=missing)
        self.assertEqual(len(log.errors), 1)
        self.assertEqual((camera.state, camera.reason, camera.stale), ("absent", missing, 0))
        self.assertFalse(camera.exists)
        started = clock.now_ms()
        error = shoot(camera)
        self.assertIsInstance(error, CameraFault)
        self.assertTrue("driver" in str(error))
        self.assertTrue(clock.now_ms() - started >= 1_000)  # endless capturing is not a busy loop
        camera.release()
        camera.stop()
        self.assertEqual(camera.state, "absent")


class PoweredSensor(Sensor):
    """Sensor whose power can be switched; without it, it delivers nothing."""

    def power(self, on):
        self.stop()
        self.calls.append("power on" if on else "power off")


class TestPower(unittest.TestCase):
    def camera(self, *script):
        sensor = PoweredSensor(*script)
        log = Log()
        return Camera(sensor, log, Backoff(1_000), initial_params(), plenty), sensor, log

    def test_off_stops_the_sensor_and_on_starts_it(self):
        camera, sensor, _ = self.camera(GOOD)
        changes = []
        camera.watchers.append(lambda: changes.append(camera.state))
        shoot(camera)
        for _ in range(2):
            camera.power(False, "privacy is on")
        camera.stop()
        self.assertEqual((camera.state, camera.reason), ("off", "privacy is on"))
        error = shoot(camera)
        self.assertEqual((type(error), str(error)), (CameraFault, "privacy is on"))
        try:
            camera.set([("quality", 10)])
            self.fail()
        except CameraFault as e:
            self.assertEqual(str(e), "the camera is off: privacy is on")
        for _ in range(2):
            camera.power(True)
        self.assertEqual((camera.state, camera.reason), ("starting", ""))
        self.assertEqual(bytes(shoot(camera)), GOOD)
        self.assertEqual(changes, ["ready", "off", "starting", "ready"])
        start = ["start UXGA 8", "capture"]
        off, on = ["stop", "power off", "stop"], ["stop", "power on"]
        self.assertEqual(sensor.calls, start + off + on + start)

    def test_a_capture_that_loses_its_power_is_no_failure(self):
        camera, sensor, log = self.camera(GOOD, OSError("no frame"), GOOD)
        shoot(camera)

        async def main():
            capture = asyncio.create_task(outcome(camera.capture()))
            await asyncio.sleep_ms(10)
            camera.power(False, "privacy is on")
            return await capture

        error = run(main())
        self.assertEqual((type(error), str(error)), (CameraFault, "privacy is on"))
        self.assertEqual((camera.state, camera.failed, log.errors), ("off", 0, []))
        camera.power(True)
        self.assertEqual(bytes(shoot(camera)), GOOD)
        self.assertEqual(sum(camera.recoveries.values()), 0)


suite.main()
