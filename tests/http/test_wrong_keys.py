"""A table with other key attributes than the settings: the log names the one to change at once."""

import pytest

from tests.conftest import ENGINES
from tests.engines import client_for
from tests.faults.conftest import eventually
from tests.serving import gunicorn

CASES = {
    "a superfluous sort key": (
        {"ITEMS_PARTITION_KEY": "Email:S", "ITEMS_SORT_KEY": "Name:S"},
        {"Email": "S"},
        "Set ITEMS_SORT_KEY to an empty text.",
    ),
    "a missing sort key": (
        {"ITEMS_PARTITION_KEY": "Email:S", "ITEMS_SORT_KEY": ""},
        {"Email": "S", "Name": "S"},
        "ITEMS_PARTITION_KEY is Email:S and ITEMS_SORT_KEY is empty. Set ITEMS_SORT_KEY if the "
        "table has a sort key; otherwise the name of the partition key is wrong.",
    ),
    "another name": (
        {},
        {"id": "N", "Name": "S"},
        "ITEMS_PARTITION_KEY is Id:N and ITEMS_SORT_KEY is Name:S. The table has a key attribute "
        "with another name; names are case-sensitive.",
    ),
    "another type": ({}, {"Id": "S", "Name": "S"}, "Set ITEMS_PARTITION_KEY=Id:S."),
}


@pytest.fixture(scope="module", params=ENGINES)
def plain_engine(request):
    with ENGINES[request.param]() as endpoint:
        yield request.param, endpoint


def read_table(ready):
    """Return the response of a worker that has read the table; None of another."""
    return None if ready.json["detail"] == "The table has not been read yet." else ready


@pytest.mark.parametrize("case", CASES)
def test_the_log_names_the_setting_to_change(plain_engine, case):
    engine, endpoint = plain_engine
    settings, keys, advice = CASES[case]
    if (engine, case) == ("moto", "another type"):
        pytest.skip("moto reads a key of any type")
    table = case.replace(" ", "-")
    client_for(endpoint).create_table(
        TableName=table,
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": type_} for name, type_ in keys.items()
        ],
        KeySchema=[
            {"AttributeName": name, "KeyType": kind}
            for name, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    with gunicorn(endpoint, "-w", "2", until="/live", ITEMS_TABLE=table, **settings) as server:
        line = eventually(lambda: [line for line in server.log if line["event"] == "not ready"])[0]
        assert line["advice"] == advice
        # Each of the two workers reads the table by itself.
        ready = eventually(lambda: read_table(server.request("GET", "/ready")))
        assert ready.status == 503
        assert ready.json["detail"] == (
            "The table's key attributes are not those in ITEMS_PARTITION_KEY and ITEMS_SORT_KEY; "
            "the log has the advice."
        )
        path = "/items/1/x" if settings.get("ITEMS_SORT_KEY", "Name:S") else "/items/x"
        for method in ("GET", "DELETE"):
            response = server.request(method, path)
            assert response.status == 503
            assert response.json["type"].endswith("#misconfigured")
            assert response.headers["Retry-After"] == "30"
            assert b"provided key element" not in response.body
