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
"""How long to wait for what happens at once on a machine that is not busy."""


def eventually(holds: Callable[[], Any], seconds: float = GENEROUS_SECONDS) -> Any:
    """Wait until it holds, and return what it is then; fail when it never does."""
    until = time.monotonic() + seconds
    while not (held := holds()):
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)
    return held


@pytest.fixture(scope="session")
def fault_engine() -> Iterator[str]:
    """The endpoint of the engine that is faster under load."""
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
    """One worker, whose budget for further attempts never runs out."""
    with gunicorn(session_wire.url, "-w", "1", ITEMS_RETRY_PERCENT="100000") as server:
        yield server


@pytest.fixture
def wire(session_wire) -> Iterator[Wire]:
    """The shared wire, healed afterwards."""
    yield session_wire
    session_wire.heal()


@pytest.fixture
def server(session_server, wire) -> Server:
    """The shared service, its budget filled by a call that succeeds."""
    wire.heal()
    assert session_server.request("GET", "/items/0/absent").status == 404
    return session_server


@pytest.fixture
def own_wire(fault_engine) -> Iterator[Wire]:
    """A wire for a test that starts a service of its own."""
    wire = Wire(fault_engine)
    yield wire
    wire.close()


@pytest.fixture
def quick(own_wire) -> Wire:
    """A table that answers at once; the processor time goes to the service."""
    own_wire.fault(faults.answer(ITEM))
    return own_wire
