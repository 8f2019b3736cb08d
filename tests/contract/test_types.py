"""Numbers, strings, sets and binary are returned exactly, in both media types."""

import base64
import json
from decimal import Decimal

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.contract.conftest import ACCEPT_TYPED, JSON, TYPED, exact

TABLE = "my-dynamodb-table"
SHARED_TABLE = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

# Every number that DynamoDB stores: up to 38 digits, with any exponent in its range.
digits = st.integers(min_value=1, max_value=10**38 - 1)
dynamodb_numbers = st.builds(
    lambda sign, number, magnitude: Decimal(
        (sign, tuple(map(int, str(number))), magnitude - len(str(number)) + 1)
    ),
    st.integers(0, 1),
    digits,
    st.integers(-130, 125),
)


@SHARED_TABLE
@given(number=dynamodb_numbers)
@example(number=Decimal("0.1"))
@example(number=Decimal(12345678901234567890123456789012345678))
@example(number=Decimal("-9.9999999999999999999999999999999999999E+125"))
@example(number=Decimal("1E-130"))
def test_every_number_of_38_digits_is_returned_digit_for_digit(service, name, number):
    path = f"/items/7/{name}"
    service.delete(path)
    put = service.put(path, headers=JSON, data=f'{{"n": {number}, "l": [{number}]}}')
    assert put.status_code == 201, put.data
    for response in (put, service.get(path)):
        assert exact(response)["n"] == number
        assert exact(response)["l"] == [number]
    typed = service.get(path, headers=ACCEPT_TYPED).json
    assert Decimal(typed["n"]["N"]) == number
    assert service.put(path, headers=TYPED, data=json.dumps({"n": typed["n"]})).status_code == 200
    assert exact(service.get(path))["n"] == number


@SHARED_TABLE
@given(number=dynamodb_numbers)
def test_every_number_is_a_key(service, number):
    path = f"/items/{number}/number-key"
    assert service.put(path, headers=JSON, data="{}").status_code == 201
    assert exact(service.get(path))["Id"] == number
    assert service.delete(path).status_code == 204


plain_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4)
    ),
    max_leaves=12,
)


@SHARED_TABLE
@given(attributes=st.dictionaries(st.text(min_size=1, max_size=8), plain_json, max_size=5))
def test_any_plain_json_is_returned_as_it_was(service, name, attributes):
    for reserved in ("Id", "Name", "_version"):
        attributes.pop(reserved, None)
    path = f"/items/7/{name}"
    service.delete(path)
    put = service.put(path, headers=JSON, data=json.dumps(attributes))
    assert put.status_code == 201, put.data
    assert service.get(path).json == {"Id": 7, "Name": name, **attributes}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("41.50", "41.5"), ("1e3", "1000"), ("-0", "0"), ("0.0", "0"), ("1E-3", "0.001")],
)
def test_numbers_are_stored_in_the_canonical_form(service, name, sent, stored):
    path = f"/items/7/{name}"
    service.put(path, headers=JSON, data=f'{{"n": {sent}}}')
    assert service.get(path, headers=ACCEPT_TYPED).json["n"] == {"N": stored}


def test_sets_and_binary_come_through_the_typed_form_unchanged(service, name):
    path = f"/items/7/{name}"
    blob = base64.b64encode(bytes(range(256))).decode()
    item = {
        "ss": {"SS": ["a", "é", ""]},
        "ns": {"NS": ["1", "2.5", "-3"]},
        "bs": {"BS": [base64.b64encode(b"x").decode(), blob]},
        "b": {"B": blob},
        "empty": {"S": ""},
        "nothing": {"B": ""},
        "map": {"M": {"inner": {"SS": ["z"]}, "none": {"NULL": True}, "flag": {"BOOL": False}}},
        "list": {"L": [{"B": blob}, {"M": {}}, {"L": []}]},
    }
    assert service.put(path, headers=TYPED, data=json.dumps(item)).status_code == 201
    read = service.get(path, headers=ACCEPT_TYPED).json
    for name_, value in item.items():
        ((type_, content),) = value.items()
        if type_ in ("SS", "NS", "BS"):
            assert sorted(read[name_][type_]) == sorted(content)
        else:
            assert read[name_] == value
    plain = service.get(path).json
    assert sorted(plain["ss"]) == ["", "a", "é"]
    assert plain["b"] == blob
    assert plain["map"] == {"inner": ["z"], "none": None, "flag": False}


def test_the_tutorials_item_argument_can_be_sent_as_it_stands(service):
    argument = '{"Id": {"N": "101"}, "Name": {"S": "Raj"}, "Email": {"S": "raj@gmail.com"}}'
    service.delete("/items/101/Raj")
    response = service.put("/items/101/Raj", headers=TYPED, data=argument)
    assert response.status_code == 201
    assert service.get("/items/101/Raj").json == {
        "Id": 101,
        "Name": "Raj",
        "Email": "raj@gmail.com",
    }


@pytest.mark.parametrize(
    "value",
    [
        {"N": "1.50"},
        {"N": "1e3"},
        {"SS": ["b", "a"]},
        {"NS": ["1", "2.0"]},
        {"BS": [b"\xff", b"\x00"]},
        {"L": [{"M": {"deep": {"L": [{"B": b"\x80"}]}}}]},
        {"S": "\u0000\u2028\U0001f600"},
    ],
)
def test_whatever_another_writer_stored_is_returned(service, name, value):
    item = {"Id": {"N": "7"}, "Name": {"S": name}, "value": value}
    service.engine.dynamodb.put_item(TableName=TABLE, Item=item)
    assert_returned_in_both_forms(service, name)


@pytest.mark.parametrize("value", [{"S": "half a pair: \ud83d"}, {"M": {"key \udc00": {"S": "x"}}}])
def test_a_lone_surrogate_in_the_table_is_returned(service, name, value):
    item = {"Id": {"N": "7"}, "Name": {"S": name}, "value": value}
    try:
        service.engine.dynamodb.put_item(TableName=TABLE, Item=item)
    except ClientError:  # as DynamoDB itself does; then no item is stored
        assert service.get(f"/items/7/{name}").status_code == 404
    else:
        assert_returned_in_both_forms(service, name)


def assert_returned_in_both_forms(service, name):
    for accept in ({}, ACCEPT_TYPED):
        response = service.get(f"/items/7/{name}", headers=accept)
        assert response.status_code == 200, response.data
        assert response.json["Name"] in (name, {"S": name})
        assert response.headers["ETag"]
