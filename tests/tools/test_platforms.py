"""tools/platforms.py: boards on which the application can run, and what others need."""

import re

import pytest
from platforms import describe, no_esp32, unsuitable

GENERIC = {  # MicroPython's own image for two slots, on a board without PSRAM
    "machine": "Generic ESP32 module with OTA with ESP32",
    "version": [1, 25, 0],
    "mpy": 11_014,
    "frozen": ["umqtt/robust", "umqtt/simple"],
    "application": "",
    "camera": "",
    "esp32": True,
    "slots": 2,
    "root": ["boot.py"],
    "block_bytes": 4_096,
    "blocks": 240,
    "free_blocks": 237,
    "heap_bytes": 166_592,
}
PSRAM = {"heap_bytes": 4_125_296}
DRIVER = {**GENERIC, **PSRAM, "machine": "ESP32 module (Camera) with ESP32", "slots": 0}
DRIVER |= {"version": [1, 21, 0], "camera": "driver"}
API = {**GENERIC, **PSRAM, "machine": "AI Thinker ESP32-CAM with ESP32", "camera": "api"}
OWN = {**GENERIC, **PSRAM, "application": "2.0.0", "camera": "api"}
OWN["machine"] = "ESP32-CAM with esp32-mqtt-cam with ESP32"


@pytest.mark.parametrize(
    "facts",
    [
        DRIVER,
        API,
        OWN,
        {**OWN, "heap_bytes": 97_376},  # its PSRAM does not work
        {**OWN, "camera": ""},  # built without a driver, for tests of the network
        {**API, "machine": "M5STACK ATOM with ESP32-PICO-D4"},
        {**API, "machine": "Some ESP32-S3 lookalike with ESP32"},
    ],
)
def test_suitable(facts):
    assert unsuitable(facts) == ""


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (GENERIC, "heap of 162 KB shows .* not use PSRAM.* flash our image .*AI_THINKER release"),
        ({**GENERIC, **PSRAM}, "has no camera module; flash our image .*AI_THINKER release"),
        (
            {**API, "heap_bytes": 120_000},
            r"heap of 117 KB .* flash our image \(make firmware, then make flash\)$",
        ),
        ({**DRIVER, "camera": "other"}, "has an unknown camera module; flash our image"),
        ({**API, "version": [1, 20, 0]}, "runs MicroPython 1.20.0, and 1.21 is the oldest"),
        ({**API, "machine": "ESP32-S3-EYE with ESP32S3"}, "not an ESP32 but ESP32-S3-EYE"),
        ({**API, "machine": "LOLIN C3 with ESP32-C3FH4"}, "not an ESP32 but LOLIN C3"),
        ({**API, "esp32": False, "machine": "Raspberry Pi Pico with RP2040"}, "but Raspberry"),
    ],
)
def test_unsuitable(facts, reason):
    assert re.search(reason, unsuitable(facts))
    assert ". " not in unsuitable(facts)  # one sentence


@pytest.mark.parametrize("facts", [GENERIC, {**GENERIC, **PSRAM}, {**DRIVER, "camera": "other"}])
def test_other_tools_work_on_every_esp32(facts):
    """Such as make device-test on a bare board."""
    assert no_esp32(facts) == ""


def test_description():
    assert describe(API) == (
        "AI Thinker ESP32-CAM with ESP32, MicroPython 1.25.0, micropython-camera-API, "
        "heap of 4028 KB (with PSRAM), 2 slots for updates, 237 of 240 blocks free"
    )
    assert "no camera module, heap of 162 KB (without PSRAM)" in describe(GENERIC)
    assert "no slots for updates" in describe(DRIVER)
