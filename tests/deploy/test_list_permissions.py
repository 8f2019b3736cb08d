"""The service's lists with the credentials of a role, on an engine that enforces IAM."""

import pytest
from dynamodb_items.app import create_app, create_repository
from dynamodb_items.config.settings import Settings
from dynamodb_items.config.values import indexes
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items_deploy.planning.documents import policy_document

from tests.engines import client_for, enforce
from tests.listed_table import LISTED, create_listed_table
from tests.wire import Wire

SETTINGS = {
    "table": "listed",
    "operations": DEFAULT_OPERATIONS | {Operation.QUERY, Operation.SCAN},
    "indexes": indexes("by-email=Email:S,by-status=Status:S+At:N/partial,by-at=Id:N+At:N"),
}
EMAIL, STATUS, _ = SETTINGS["indexes"]
LISTS = {
    "partition": ("/items/7", "Query"),
    "by-email": ("/indexes/by-email/a@example.com", "Query"),
    "by-status": ("/indexes/by-status/new", "Query"),
    "by-at": ("/indexes/by-at/7", "Query"),
    "scan": ("/items", "Scan"),
}
POLICIES = {
    "no lists": (set(), (), set()),
    "Query without indexes": ({Operation.QUERY}, (), {"partition"}),
    "Query and one index": ({Operation.QUERY}, (EMAIL,), {"partition", "by-email"}),
    "Query and two indexes": (
        {Operation.QUERY},
        (EMAIL, STATUS),
        {"partition", "by-email", "by-status"},
    ),
    "Scan": ({Operation.SCAN}, (), {"scan"}),
    "everything": (
        {Operation.QUERY, Operation.SCAN},
        SETTINGS["indexes"],
        {*LISTS},
    ),
}
AWS_TEXT = (b"arn:", b"dynamodb:", b"AccessDenied", b"not authorized", b"assumed-role")


@pytest.fixture(scope="module")
def wire(enforcing_engine):
    enforce(enforcing_engine, False)
    dynamodb = client_for(enforcing_engine)
    create_listed_table(dynamodb)
    item = {"Id": {"N": "7"}, "Name": {"S": "x"}, "Email": {"S": "a@example.com"}}
    item |= {"Status": {"S": "new"}, "At": {"N": "1"}}
    dynamodb.put_item(TableName="listed", Item=item)
    wire = Wire(enforcing_engine)
    yield wire
    wire.close()


@pytest.mark.parametrize("fast_path", [True, False], ids=["fast path", "botocore"])
@pytest.mark.parametrize("case", POLICIES)
def test_the_policy_decides_which_lists_there_are(wire, on_instance, monkeypatch, case, fast_path):
    operations, allowed_indexes, allowed = POLICIES[case]
    document = policy_document(LISTED, DEFAULT_OPERATIONS | operations, allowed_indexes)
    on_instance(document)
    settings = Settings(**SETTINGS, fast_path=fast_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", wire.url)
    service = create_app(settings, create_repository(settings)).test_client()
    assert service.get("/items/7/x").status_code == 200
    for name, (path, operation) in LISTS.items():
        calls_before = len(wire.calls)
        response = service.get(path)
        assert wire.calls[calls_before:] == [operation]
        if name in allowed:
            assert response.status_code == 200, (name, response.data)
            assert [listed["name"] for listed in response.json["items"]] == ["x"]
        else:
            assert response.status_code == 503, name
            assert response.json["type"] == "/docs/errors#misconfigured"
            assert response.headers["Retry-After"] == "30"
            assert not [text for text in AWS_TEXT if text in response.data]
