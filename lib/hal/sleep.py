"""Deep sleep: what survives it, and what ended it."""

import json
from binascii import crc32

import esp32
import machine
from machine import RTC, Pin

_CAUSES = {machine.TIMER_WAKE: "timer", machine.EXT0_WAKE: "button"}
_CRC_BYTES = 4


def woken_by():
    """Return "timer" or "button" after a deep sleep, "" after any other start."""
    if machine.reset_cause() != machine.DEEPSLEEP_RESET:
        return ""
    return _CAUSES.get(machine.wake_reason(), "timer")


def recall():
    """Return the dict that `remember` has stored, {} after a power cut."""
    data = RTC().memory()
    if len(data) <= _CRC_BYTES or crc32(data[_CRC_BYTES:]).to_bytes(4, "little") != data[:4]:
        return {}
    return json.loads(data[_CRC_BYTES:])


def remember(notes):
    """Store a dict in the RTC's memory, which costs no flash."""
    data = json.dumps(notes).encode()
    RTC().memory(crc32(data).to_bytes(_CRC_BYTES, "little") + data)


def begin(seconds, button, held):
    """Sleep until the time is over or the button is pressed; the chip then starts again.

    held: (pin, level) of the outputs that keep their level until `release`; they are at RTC pins.
    A button at any other pin does not wake the chip, nor does one that is down now: it may be
    stuck.
    """
    for number, level in held:
        Pin(number, Pin.OUT, value=level, hold=True)
    contacts = Pin(button, Pin.IN, Pin.PULL_UP)
    try:
        esp32.wake_on_ext0(contacts if contacts.value() else None, esp32.WAKEUP_ALL_LOW)
    except ValueError:  # not an RTC pin
        pass
    machine.deepsleep(1_000 * seconds)


def release(numbers):
    """Let held pins follow the application again, which has set them up by now."""
    for number in numbers:
        Pin(number, hold=False)
