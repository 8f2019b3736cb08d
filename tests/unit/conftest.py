"""A clock that the tests of calls move, and write tokens that they can read."""

import random
import time

import pytest

from tests.unit.fakes import Clock, numbered_tokens


@pytest.fixture
def clock(monkeypatch):
    """Time that passes in sleeps only; a retry pauses as long as it may."""
    clock = Clock()
    monkeypatch.setattr(time, "sleep", clock.sleep)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(random, "random", lambda: 1.0)
    return clock


@pytest.fixture
def tokens(monkeypatch):
    """The fresh write tokens are t1, t2 and so on."""
    numbered_tokens(monkeypatch)
