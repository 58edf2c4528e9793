"""Fixtures of the end-to-end tests."""

from fixtures import broker, browser, camera, client, probe, scenarios  # noqa: F401
