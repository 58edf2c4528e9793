"""main.py: Wi-Fi before the application, a restart whatever ends it, time at the prompt."""

import sys
import unittest

import micropython as heap
import suite

PROMPT = ["watchdog 3600 s", "Ctrl-C on", "ESP-IDF's log on"]
STOPPED = ["no tasks"] + PROMPT
events = []


class Reset(Exception):
    """Raised by machine.reset(), which does not return on the chip."""


class machine:
    @staticmethod
    def reset():
        events.append("reset")
        raise Reset

    @staticmethod
    def WDT(timeout):
        events.append("watchdog {} s".format(timeout // 1_000))


class micropython:
    @staticmethod
    def kbd_intr(char):
        events.append("Ctrl-C {}".format({-1: "off", 3: "on"}[char]))


class esp:
    @staticmethod
    def osdebug(uart):
        assert uart is None
        events.append("ESP-IDF's log on")


class time:
    error = None

    @staticmethod
    def sleep(seconds):
        events.append("sleep {} s".format(seconds))
        if time.error:
            raise time.error


class Unprintable(MemoryError):
    """Error for whose text there is no memory."""

    def __repr__(self):
        raise MemoryError


class asyncio:
    @staticmethod
    def new_event_loop():
        assert not any(name.startswith("app") for name in sys.modules)
        events.append("no tasks")
        sys.modules["app"], sys.modules["app.led"] = app, led  # as an import finds them

    @staticmethod
    def run(work):
        events.append("run")
        if work:
            raise work


class wifi:
    error = None

    @staticmethod
    def start():
        events.append("start Wi-Fi")
        if wifi.error:
            raise wifi.error


class nowifi:
    error = None

    @staticmethod
    def wait(error):
        events.append("wait: {}".format(error))
        if nowifi.error:
            raise nowifi.error


class led:
    error = MemoryError()

    @staticmethod
    def hold(output, state, ms):
        if led.error:
            raise led.error
        events.append("LED {} on {} for {} s".format(state, output, ms // 1_000))


class pins:
    @staticmethod
    def Output(number, active):
        return number


class bootnote:
    starts = 0

    @classmethod
    def load(cls):
        return cls


class hal:
    wifi = wifi
    bootnote = bootnote
    pins = pins


class CancelledError(BaseException):
    """As asyncio.CancelledError: no Exception."""


class Application:
    """Stands in for app.system and for the supervisor, whose run() raises `error`."""

    error = None

    def __getattr__(self, name):
        assert name == "System"
        events.append("import")
        return lambda: self

    def start(self):
        return self

    def run(self):
        return Application.error


class app:
    nowifi = nowifi
    led = led


def functions():
    """Return the names that main.py defines, without running it."""
    with open(__file__.rsplit("/", 3)[0] + "/main.py") as file:
        source = file.read()
    defined = {}
    sys.modules["machine"], sys.modules["esp"] = machine, esp
    exec(source[: source.index("\nmicropython.kbd_intr(-1)")], defined)
    return defined


class TestMain(unittest.TestCase):
    def tearDown(self):
        wifi.error = nowifi.error = time.error = None
        led.error = MemoryError()
        bootnote.starts = 0

    def run_main(self, error=None):
        """Return the actions of main.py if the application raises `error`, or returns."""
        events.clear()
        Application.error = error
        modules = {"machine": machine, "time": time, "asyncio": asyncio, "hal": hal}
        modules.update({"micropython": micropython, "esp": esp})
        modules.update({"app": app, "app.system": Application(), "app.nowifi": nowifi})
        before = {name: sys.modules.get(name) for name in modules}
        sys.modules.update(modules)
        sys.modules["hal.wifi"], sys.modules["hal.bootnote"] = wifi, bootnote
        sys.modules["hal.pins"] = pins
        sys.modules.pop("main", None)
        try:
            __import__("main")
        except Reset:
            pass
        finally:
            for name, module in before.items():
                sys.modules.pop(name, None)
                if module:
                    sys.modules[name] = module
        return events

    def test_wifi_starts_before_the_application_is_imported(self):
        self.assertEqual(self.run_main()[2:5], ["start Wi-Fi", "import", "run"])

    def test_packets_do_not_interrupt_the_start_and_a_watchdog_guards_it(self):
        self.assertEqual(self.run_main()[:2], ["Ctrl-C off", "watchdog 60 s"])

    def test_whatever_ends_it_restarts_the_chip_after_a_delay_for_reading(self):
        for error in (None, ValueError("bug"), MemoryError(), OSError(5), CancelledError()):
            self.assertEqual(self.run_main(error)[5:], STOPPED + ["sleep 2 s", "reset"])

    def test_restarts_even_if_there_is_no_memory_for_the_message(self):
        self.assertEqual(self.run_main(Unprintable())[5:], STOPPED + ["sleep 2 s", "reset"])

    def test_led_shows_the_pause_once_the_application_is_forgotten(self):
        led.error = None
        expected = STOPPED + ["LED stopped on 33 for 2 s", "reset"]
        self.assertEqual(self.run_main(MemoryError())[5:], expected)

    def test_message_needs_no_memory(self):
        explain = functions()["_explain"]
        for error in (MemoryError("memory allocation failed"), ValueError("a bug")):
            heap.heap_lock()
            try:
                explain(error, 60)
            finally:
                heap.heap_unlock()

    def test_pauses_grow_if_safe_mode_fails_as_well(self):
        for starts, pause_s in ((5, 2), (6, 60), (7, 300)):
            bootnote.starts = starts
            events = self.run_main(MemoryError())
            self.assertEqual(events[-2:], ["sleep {} s".format(pause_s), "reset"])

    def test_ctrl_c_allows_an_hour_at_the_prompt(self):
        self.assertEqual(self.run_main(KeyboardInterrupt())[5:], PROMPT)
        time.error = KeyboardInterrupt()
        expected = STOPPED + ["sleep 2 s"] + PROMPT
        self.assertEqual(self.run_main(ValueError("bug"))[5:], expected)

    def test_soft_reset_passes(self):
        with self.assertRaises(SystemExit):
            self.run_main(SystemExit())
        self.assertEqual(events[5:], [])

    def test_without_wifi_the_application_is_not_imported(self):
        wifi.error = OSError("not enough memory for Wi-Fi")
        expected = ["start Wi-Fi"] + PROMPT + ["wait: not enough memory for Wi-Fi"]
        self.assertEqual(self.run_main()[2:], expected + ["reset"])
        nowifi.error = KeyboardInterrupt()
        self.assertEqual(self.run_main()[2:], expected + PROMPT)
        nowifi.error = ImportError("a broken copy")
        self.assertEqual(self.run_main()[2:], expected + STOPPED + ["sleep 2 s", "reset"])


suite.main()
