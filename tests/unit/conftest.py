"""A clock that the tests of calls move, write tokens that they can read, and a fake service."""

import os
import random
import time

import pytest
from dynamodb_items.transfer import session

from tests.unit.fakes import Clock, numbered_tokens
from tests.unit.transfer_service import FakeService


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


@pytest.fixture
def service(monkeypatch):
    """Connect import and export to a fake of the service.

    Their files need not reach the disk: no test here takes the power away.
    """
    service = FakeService()
    monkeypatch.setattr(session, "http_client", service.client)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    return service
