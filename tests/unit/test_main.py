"""main.py: Wi-Fi before the application, a restart after a failure, time at the prompt."""

import sys
import unittest

import suite

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


class time:
    @staticmethod
    def sleep(seconds):
        events.append("sleep {} s".format(seconds))


class asyncio:
    @staticmethod
    def run(work):
        events.append("run")
        if work:
            raise work


class wifi:
    @staticmethod
    def start():
        events.append("start Wi-Fi")


class hal:
    wifi = wifi


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


class TestMain(unittest.TestCase):
    def run_main(self, error=None):
        """Return the actions of main.py if the application raises `error`."""
        events.clear()
        Application.error = error
        modules = {"machine": machine, "time": time, "asyncio": asyncio, "hal": hal}
        modules["micropython"] = micropython
        modules.update({"app": Application, "app.system": Application()})
        before = {name: sys.modules.get(name) for name in modules}
        sys.modules.update(modules)
        sys.modules["hal.wifi"] = wifi
        sys.modules.pop("main", None)
        try:
            __import__("main")
        except Reset:
            pass
        finally:
            for name, module in before.items():
                sys.modules.pop(name)
                if module:
                    sys.modules[name] = module
        return events

    def test_wifi_starts_before_the_application_is_imported(self):
        self.assertEqual(self.run_main()[-3:], ["start Wi-Fi", "import", "run"])

    def test_packets_do_not_interrupt_the_start_and_a_watchdog_guards_it(self):
        self.assertEqual(self.run_main()[:2], ["Ctrl-C off", "watchdog 60 s"])

    def test_failure_restarts_the_chip_after_a_delay_for_reading(self):
        for error in (ValueError("bug"), MemoryError(), OSError(5)):
            events = self.run_main(error)
            self.assertEqual(events[-2:], ["sleep 2 s", "reset"])
            self.assertEqual(set(events[-4:-2]), {"Ctrl-C on", "watchdog 3600 s"})

    def test_ctrl_c_allows_an_hour_at_the_prompt(self):
        self.assertEqual(self.run_main(KeyboardInterrupt())[-1], "watchdog 3600 s")


suite.main()
