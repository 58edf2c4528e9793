"""Fixtures of the stories told from outside."""

import pytest
from probe import Probe


@pytest.fixture
def probe(tmp_path):
    """A running board that runs what it is sent."""
    with Probe(tmp_path) as board:
        yield board
