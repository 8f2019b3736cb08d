"""A service whose engine is behind a wire that can have faults, and an issuer of tokens."""

import pytest

from tests.access.issuer import issuer
from tests.wire import Wire


@pytest.fixture(scope="package")
def wire(endpoint):
    wire = Wire(endpoint)
    yield wire
    wire.close()


@pytest.fixture(autouse=True)
def _healed(wire):
    yield
    wire.heal()


@pytest.fixture(scope="package")
def authority():
    with issuer() as authority:
        yield authority
