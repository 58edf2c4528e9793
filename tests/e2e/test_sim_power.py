"""Resets, crashes and power cuts of the simulated board, and the state that survives them."""

import os
import signal

import pytest
from probe import WRITE, Probe


def test_reset_keeps_the_clock_and_the_memory(probe):
    probe.run("machine.RTC().datetime((2026, 5, 4, 0, 3, 2, 1, 0))\nmachine.RTC().memory(b'kept')")
    probe.send("machine.reset()")
    probe.wait_boot(2)
    assert probe.value("machine.reset_cause()") == 2
    assert probe.value("machine.RTC().datetime()")[:3] == (2026, 5, 4)
    assert probe.run("result = machine.RTC().memory()") == b"kept"


def test_power_cut_loses_the_clock(probe):
    probe.control("clock", epoch=1_800_000_000)
    assert probe.value("machine.RTC().datetime()")[0] == 2027
    probe.control("power_cut")
    probe.control("power_on")
    probe.wait_boot(2)
    assert probe.value("machine.reset_cause()") == 1
    assert probe.value("machine.RTC().datetime()")[0] == 2000


def test_stays_off_until_power_on(probe):
    probe.control("power_cut")
    assert not probe.responds()
    assert probe.facts["boots"] == 1
    probe.control("power_on")
    probe.wait_boot(2)


def test_soft_reset_and_crash(probe):
    probe.send("machine.soft_reset()")
    probe.wait_boot(2)
    assert probe.value("machine.reset_cause()") == 5
    os.kill(probe.facts["pid"], signal.SIGKILL)
    probe.wait_boot(3)


def test_watchdog(probe):
    probe.run("machine.WDT(timeout=300)")
    probe.wait_boot(2)
    assert probe.value("machine.reset_cause()") == 3


def test_state_persists(tmp_path):
    with Probe(tmp_path) as probe:
        probe.run(WRITE % 5)
        probe.run("with open('note', 'w') as file:\n    file.write('kept')")
    with Probe(tmp_path) as probe:
        assert probe.control("nvs")["nvs"]["t"] == {"a": 5}
        assert probe.files.read("note") == b"kept"


@pytest.mark.parametrize(("mode", "allowed"), [("before", {1}), ("torn", {1, 2}), ("after", {2})])
def test_power_cut_at_a_flash_operation(probe, mode, allowed):
    probe.run(WRITE % 1)
    probe.control("power_cut", after_ops=2, mode=mode)
    probe.run("import esp32\nesp32.NVS('t').set_i32('other', 9)")
    probe.send(WRITE % 2)
    probe.control("power_on")
    probe.wait_boot(2)
    stored = probe.control("nvs")["nvs"]["t"]
    assert stored["other"] == 9
    assert stored["a"] in allowed


def test_flash_operations_are_counted(probe):
    before = probe.control("flash")["operations"]
    probe.run(WRITE % 7)
    probe.run(WRITE % 7)  # the same value is not written again
    assert probe.control("flash")["operations"] == before + 1
