"""One engine with the tutorial's table, a wire in front of it, and the service under gunicorn."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.local import launcher

from tests import wire as faults
from tests.engines import ENGINES, client_for
from tests.serving import Server, gunicorn
from tests.wire import Wire

ITEM = {"Item": {"Id": {"N": "104"}, "Name": {"S": "Andrew"}}}
GENEROUS_SECONDS = 30
"""How long to wait for an event that is immediate on a quiet machine."""


def eventually(holds: Callable[[], Any], seconds: float = GENEROUS_SECONDS) -> Any:
    """Wait until the function returns a true value, and return that; fail after the time."""
    until = time.monotonic() + seconds
    while not (held := holds()):
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)
    return held


@pytest.fixture(scope="session")
def fault_engine() -> Iterator[str]:
    """Yield the endpoint of the engine that is faster under load."""
    with ENGINES["ministack"]() as endpoint:
        launcher.create_table(client_for(endpoint), Settings())
        yield endpoint


@pytest.fixture(scope="session")
def session_wire(fault_engine) -> Iterator[Wire]:
    wire = Wire(fault_engine)
    yield wire
    wire.close()


@pytest.fixture(scope="session")
def session_server(session_wire) -> Iterator[Server]:
    """Run one worker whose retry budget never runs out."""
    with gunicorn(session_wire.url, "-w", "1", ITEMS_RETRY_PERCENT="100000") as server:
        yield server


@pytest.fixture
def wire(session_wire) -> Iterator[Wire]:
    """Yield the shared wire, and heal it afterwards."""
    yield session_wire
    session_wire.heal()


@pytest.fixture
def server(session_server, wire) -> Server:
    """Return the shared service, its retry budget filled by a call that succeeds."""
    wire.heal()
    assert session_server.request("GET", "/items/0/absent").status == 404
    return session_server


@pytest.fixture
def own_wire(fault_engine) -> Iterator[Wire]:
    """Yield a wire for a test that starts its own service."""
    wire = Wire(fault_engine)
    yield wire
    wire.close()


@pytest.fixture
def quick(own_wire) -> Wire:
    """Return a table that responds at once, so that all processor time is the service's."""
    own_wire.fault(faults.respond(ITEM))
    return own_wire
