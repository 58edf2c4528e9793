"""Pins of the AI-Thinker ESP32-CAM (ESP32, OV2640, 4 MB flash, 4 MB PSRAM)."""

LED = 33  # active low
LED_ON = 0
POWER = 4  # flash lamp or relay, active high
BUTTON = 15  # pressed = low

CAMERA = {
    "data_pins": (5, 18, 19, 21, 36, 39, 34, 35),
    "xclk_pin": 0,
    "pclk_pin": 22,
    "vsync_pin": 25,
    "href_pin": 23,
    "sda_pin": 26,
    "scl_pin": 27,
    "powerdown_pin": 32,
    "reset_pin": -1,
    "xclk_freq": 20_000_000,
}

SENSOR_PINS = (13, 14, 2)  # free, because no SD card is used
OTHER_PINS = (  # why a motion sensor can't use the others
    (0, "is the camera's clock"),
    (1, "is the serial console"),
    (3, "is the serial console"),
    (4, "is the lamp"),
    (12, "has to be low at the start, or the chip does not boot"),
    (15, "is the button"),
    (16, "is used by PSRAM"),
    (33, "is the LED"),
)
