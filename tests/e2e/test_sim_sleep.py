"""Deep sleep of the simulated board: timer, pin and request end it; pins and memory survive it."""

import pytest
from sim import wait_until

WOKEN = "(machine.reset_cause(), machine.wake_reason())"
BY_PIN = "esp32.wake_on_ext0(machine.Pin(15, machine.Pin.IN, machine.Pin.PULL_UP), {})\n"


@pytest.fixture
def asleep(probe):
    """Return a function that runs code, sends the board to sleep and waits until it sleeps."""

    def fall_asleep(code="", ms=600_000):
        probe.send(f"import esp32\n{code}\nmachine.deepsleep({ms})")
        wait_until(lambda: probe.control("sleep")["asleep"], what="a board that sleeps")

    return fall_asleep


def test_timer_or_a_request_ends_the_sleep(probe, asleep):
    assert probe.value(WOKEN) == (1, 0)
    probe.send("machine.RTC().memory(b'kept')\nmachine.deepsleep(100)")
    probe.wait_boot(2)
    assert probe.value(WOKEN) == (4, 4)
    assert probe.run("result = machine.RTC().memory()") == b"kept"
    assert probe.control("sleep")["asleep"] is False
    probe.control("clock", epoch=1_800_000_000)
    asleep(ms=600_000)
    assert 590 < probe.control("sleep")["left_s"] <= 600
    probe.control("wake")
    probe.wait_boot(3)
    assert probe.value(WOKEN) == (4, 4)
    now = probe.run("import time\nresult = time.time()")
    assert 600 <= int(now) + 946_684_800 - 1_800_000_000 < 660
    assert "not asleep" in probe.control_lines('{"do": "wake"}')[0]["error"]


def test_pin_ends_the_sleep_and_a_held_pin_keeps_its_level(probe, asleep):
    held = "machine.Pin(4, machine.Pin.OUT, value=1, hold=True)\nmachine.Pin(12, 3, value=1)\n"
    asleep(held + BY_PIN.format("esp32.WAKEUP_ALL_LOW"), ms=0)
    assert probe.control("sleep")["pin"] == [15, 0]
    assert probe.control("pins")["pins"]["4"] == 1
    probe.control("press")
    probe.wait_boot(2)
    assert probe.value(WOKEN) == (4, 2)
    probe.run("machine.Pin(4, machine.Pin.OUT, value=0)")
    assert probe.control("pins")["pins"]["4"] == 1
    assert probe.value("machine.Pin(12).value()") == 0
    probe.run("machine.Pin(4, machine.Pin.OUT, value=0, hold=False)")
    assert probe.control("pins")["pins"]["4"] == 0
    assert [level for _, level in probe.control("pins")["lamp"]] == [1, 0]
    probe.send("import esp32\n" + BY_PIN.format("esp32.WAKEUP_ANY_HIGH") + "machine.deepsleep()")
    probe.wait_boot(3)  # at once, because the button is up


def test_power_cut_and_reset_end_the_sleep(probe, asleep):
    asleep("machine.RTC().memory(b'lost')\nmachine.Pin(4, machine.Pin.OUT, value=1, hold=True)")
    assert probe.control("pins")["pins"]["4"] == 1
    probe.control("power_cut")
    probe.control("power_on")
    probe.wait_boot(2)
    assert probe.value(WOKEN) == (1, 0)
    assert probe.run("result = machine.RTC().memory()") == b""
    assert probe.control("pins")["pins"]["4"] == 0
    asleep()
    probe.control("reset")
    probe.wait_boot(3)
    assert probe.value(WOKEN) == (2, 0)
