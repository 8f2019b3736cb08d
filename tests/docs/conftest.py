"""Services that the examples of the docs call."""

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items.local import launcher

from tests.serving import gunicorn


@pytest.fixture(scope="package")
def server_with_lists(engine):
    """Run the service with Query, Scan and the index of the page about lists, on each engine."""
    settings = {
        "ITEMS_TABLE": "lists-of-the-docs",
        "ITEMS_OPERATIONS": ",".join(DEFAULT_OPERATIONS | {Operation.QUERY, Operation.SCAN}),
        "ITEMS_INDEXES": "by-email=Email:S",
    }
    launcher.create_table(engine.dynamodb, Settings.from_environment(settings))
    patient = {"ITEMS_READ_TIMEOUT_SECONDS": "10", "ITEMS_DEADLINE_SECONDS": "30"}
    with gunicorn(engine.wire.url, "-w", "1", **settings, **patient) as server:
        yield server
