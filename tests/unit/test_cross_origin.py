"""Cross-origin requests, whatever operations a deployment allows."""

import pytest
from dynamodb_items.app import create_app, create_repository
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import Operation

ORIGIN = "https://page.example"


@pytest.mark.parametrize("operation", Operation)
def test_every_operation_can_be_allowed_to_pages_of_another_origin(operation):
    settings = Settings(
        cors_origins=(ORIGIN,), operations=frozenset({Operation.GET_ITEM, operation})
    )
    client = create_app(settings, create_repository(settings)).test_client()
    preflight = client.options(
        "/items/7/x", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    )
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "GET" in preflight.headers["Access-Control-Allow-Methods"]
    exposed = client.get("/live", headers={"Origin": ORIGIN}).headers
    assert {"ETag", "Link"} <= set(exposed["Access-Control-Expose-Headers"].split(", "))
