"""Name and version of the firmware; the only file that contains them."""

NAME = "esp32-mqtt-cam"
VERSION = "2.0.0"
UPDATES_FROM = "2.0.0"  # the oldest version that can be updated to this one
BUILD_DATE = "2026-11-22"  # a clock with an earlier date is wrong
