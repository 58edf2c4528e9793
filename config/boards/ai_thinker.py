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
