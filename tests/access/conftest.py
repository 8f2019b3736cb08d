"""An issuer, and a service that takes its tokens and holds each caller to its partition."""

import pytest

from tests.access.issuer import issuer, jwt_variables
from tests.serving import gunicorn


@pytest.fixture(scope="session")
def authority():
    with issuer() as authority:
        yield authority


@pytest.fixture(scope="session")
def guarded(engine, authority):
    """The service under gunicorn with ITEMS_AUTH=jwt, on each engine in turn."""
    variables = jwt_variables(authority, ITEMS_TENANT_CLAIM="tenant")
    with gunicorn(engine.wire.url, "-w", "2", **variables) as server:
        yield server
