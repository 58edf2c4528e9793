"""Name and version of this firmware; the only place that says so."""

NAME = "esp32-mqtt-cam"
VERSION = "2.0.0"
UPDATES_FROM = "2.0.0"  # the oldest version that can be updated to this one
BUILD_DATE = "2026-11-22"  # a clock that is before this day is wrong
