"""Fixtures of the end-to-end tests."""

from fixtures import broker, client, probe, scenarios  # noqa: F401
