"""What this firmware is called; the only place that says so."""

NAME = "esp32-mqtt-cam"
VERSION = "2.0.0"
BUILD_DATE = "2026-11-22"  # clock answers before this day are lies
