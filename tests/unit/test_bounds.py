"""What a request may have much of is counted before it is looked at."""

import copy
from decimal import Decimal

import orjson
import pytest
from dynamodb_items.app import create_app
from dynamodb_items.config.settings import Settings
from dynamodb_items.dynamodb.wire_json import parsed_in_turns
from dynamodb_items.expressions.condition_grammar import parse_condition
from dynamodb_items.expressions.parts import Bindings, ExpressionError
from dynamodb_items.formats.patch_values import PatchValue
from dynamodb_items.formats.plain_json import SetArray
from dynamodb_items.runtime import deadline
from dynamodb_items.web.request.body_schemas import BatchSchema
from jsonpatch import JsonPatch
from marshmallow import ValidationError


def errors_of(operation) -> dict:
    batch = {"operations": [{"method": "PATCH", "id": "7", "name": "x", **operation}]}
    with pytest.raises(ValidationError) as raised:
        BatchSchema().load(batch)
    return raised.value.messages["operations"][0]


def test_a_json_patch_of_a_batch_has_at_most_1000_operations():
    assert errors_of({"jsonPatch": [0] * 500_000}) == {
        "jsonPatch": ["A JSON Patch has at most 1,000 operations."]
    }


def test_an_update_of_a_batch_has_as_many_placeholders_as_its_expressions_have_room_for():
    names = {f"#{n}": "a" for n in range(60_000)}
    update = {"UpdateExpression": "REMOVE a", "ExpressionAttributeNames": names}
    assert errors_of({"update": update}) == {
        "update": {"ExpressionAttributeNames": ["The object has more than 2,730 placeholders."]}
    }


def test_members_of_the_wrong_type_are_reported_up_to_100():
    patch = errors_of({"jsonPatch": [0] * 1000})["jsonPatch"]
    assert patch == {index: ["Not a valid mapping type."] for index in range(100)}
    names = {f"#{n}": 0 for n in range(1000)}
    update = {"UpdateExpression": "REMOVE a", "ExpressionAttributeNames": names}
    reported = errors_of({"update": update})["update"]["ExpressionAttributeNames"]
    assert reported == {f"#{n}": ["Not a valid string."] for n in range(100)}


def test_unknown_members_are_reported_up_to_100():
    errors = errors_of({f"m{n}": 0 for n in range(10_000)})
    assert errors == {f"m{n}": ["Unknown field."] for n in range(100)}


@pytest.mark.parametrize(("levels", "is_valid"), [(32, True), (33, False), (2000, False)])
def test_a_path_of_an_expression_leads_32_levels_deep(levels, is_valid):
    condition = f"attribute_exists({'.'.join(['a'] * levels)})"
    if is_valid:
        assert parse_condition(condition, Bindings({}, {}))
    else:
        with pytest.raises(ExpressionError, match="at most 32 levels"):
            parse_condition(condition, Bindings({}, {}))


@pytest.fixture(scope="module")
def client():
    return create_app(Settings(cors_origins=("https://page.example",)), None).test_client()


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
@pytest.mark.parametrize("path", ["/items/7/x", "/live"])
def test_headers_over_32_kib_are_rejected(client, method, path):
    headers = [("Accept", "a/b," * 2000)] * 5 + [("Origin", "https://page.example")]
    response = client.open(path, method=method, headers=headers)
    assert response.status_code == 431
    assert response.json["type"] == "/docs/errors#headers-too-large"
    assert response.headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert response.headers["X-Request-Id"]


def test_headers_of_less_are_read(client):
    headers = [("Accept-Language", "a" * 8000)] * 3
    assert client.get("/live", headers=headers).status_code == 200


OPERATIONS = [
    {"op": "add", "path": "/b", "value": {"c": [Decimal(1), {"d": None}]}},
    {"op": "replace", "path": "/a", "value": [True, "x"]},
    {"op": "test", "path": "/a", "value": [Decimal("1.0"), {"x": [False]}]},
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_library_handles_a_patch_value_as_the_value_itself(operation):
    document = {"a": [Decimal(1), {"x": [False]}]}
    expected = JsonPatch([operation]).apply(copy.deepcopy(document))
    own = {**operation, "value": PatchValue(operation["value"])}
    assert JsonPatch([own]).apply(copy.deepcopy(document)) == expected


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ([Decimal(1)], [Decimal("1.0")], True),
        ([Decimal(1)], [True], False),
        ([Decimal(0)], [False], False),
        ({"a": [1]}, {"a": [1]}, True),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, {"a": 1, "b": 1}, False),
        ([], {}, False),
        ([None], [False], False),
    ],
)
def test_patch_values_are_equal_as_json_values_are(first, second, is_same):
    assert (PatchValue(first) == second) is is_same


def test_a_copied_value_shares_nothing_with_its_source():
    source = {"list": [[1]], "set": SetArray("NS", [Decimal(1)])}
    copied = copy.deepcopy(PatchValue(source))
    assert copied == source
    assert copied["set"].type == "NS"
    copied["list"][0].append(2)
    copied["set"].append(3)
    assert source == {"list": [[1]], "set": [Decimal(1)]}


@pytest.mark.parametrize(
    "body",
    [
        b'{"Responses":[]}',
        b' { "a" : [ 1 , {"b":"]}"} , [] ] , "c" : "\\u00e9" , "d" : {"e":[1]} } ',
    ],
)
def test_a_response_parsed_in_turns_is_what_json_makes_of_it(body):

    assert parsed_in_turns(body) == orjson.loads(body)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"a"', b'{"a":[1', b'{"a":[1}', b'{"a":1} x', b'{"a" 1}']
)
def test_what_is_not_a_json_object_is_not_parsed(body):
    with pytest.raises((ValueError, IndexError)):
        parsed_in_turns(body)


def test_others_have_their_turn_between_many_members(monkeypatch):
    turns = []
    monkeypatch.setattr(deadline, "give_way", lambda: turns.append(1))
    assert list(deadline.in_turns(range(12), 5)) == list(range(12))
    assert len(turns) == 2
    deadline.give_way_after(deadline.LONG_WORK_BYTES)
    assert len(turns) == 2
    deadline.give_way_after(deadline.LONG_WORK_BYTES + 1)
    assert len(turns) == 3
