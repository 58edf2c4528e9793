"""Fixtures of the end-to-end tests."""

from fixtures import broker, browser, client, probe, scenarios  # noqa: F401
