"""An issuer, and a service that accepts its tokens and limits callers to their partition."""

import functools

import pytest

from tests.access.issuer import issuer, jwt_variables
from tests.access.tokens import service_with
from tests.serving import gunicorn
from tests.wire import Wire


@pytest.fixture(scope="session")
def authority():
    with issuer() as authority:
        yield authority


@pytest.fixture(scope="session")
def wire(endpoint):
    wire = Wire(endpoint)
    yield wire
    wire.close()


@pytest.fixture(scope="session")
def guarded(wire, authority):
    """The service under gunicorn with ITEMS_AUTH=jwt."""
    variables = jwt_variables(authority, ITEMS_TENANT_CLAIM="tenant")
    with gunicorn(wire.url, "-w", "2", **variables) as server:
        yield server


@pytest.fixture
def service(tmp_path):
    """Make a client of a service with these algorithms and these keys."""
    return functools.partial(service_with, tmp_path / "keys.json")
