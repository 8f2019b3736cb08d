"""Services that the examples of the docs call."""

import pytest
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation

from tests.serving import gunicorn


@pytest.fixture(scope="package")
def server_with_lists(engine):
    """Run the service with Query and Scan, on each engine in turn."""
    operations = ",".join(DEFAULT_OPERATIONS | {Operation.QUERY, Operation.SCAN})
    patient = {"ITEMS_READ_TIMEOUT_SECONDS": "10", "ITEMS_DEADLINE_SECONDS": "30"}
    with gunicorn(engine.wire.url, "-w", "1", ITEMS_OPERATIONS=operations, **patient) as server:
        yield server
