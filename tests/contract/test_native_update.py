"""The native form: DynamoDB's expressions, with the same responses on every engine."""

import itertools
import json
import string

import pytest

from tests.contract.conftest import JSON, NATIVE, TYPED, exact


def update(expression, condition=None, names=None, values=None):
    members = {
        "UpdateExpression": expression,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    return json.dumps({name: value for name, value in members.items() if value is not None})


@pytest.fixture
def path(service, name):
    path = f"/items/7/{name}"
    item = {
        "n": {"N": "1"},
        "s": {"S": "text"},
        "list": {"L": [{"N": "1"}]},
        "map": {"M": {"in": {"N": "5"}}},
        "tags": {"SS": ["a", "b"]},
    }
    assert service.put(path, headers=TYPED, data=json.dumps(item)).status_code == 201
    return path


ONE = {":one": {"N": "1"}}

UPDATES = {
    "ADD to a number": (update("ADD n :one", values=ONE), {"n": 2}),
    "ADD to nothing": (update("ADD fresh :one", values=ONE), {"fresh": 1}),
    "ADD to a set": (update("ADD tags :t", values={":t": {"SS": ["c"]}}), None),
    "DELETE from a set": (update("DELETE tags :t", values={":t": {"SS": ["a"]}}), {"tags": ["b"]}),
    "SET by arithmetic": (update("SET n = n + :one", values=ONE), {"n": 2}),
    "SET by subtraction": (update("SET #x=n-:one", names={"#x": "x.y"}, values=ONE), {"x.y": 0}),
    "SET in parentheses": (
        update("SET n = (n - :one), u = (if_not_exists(u, :one) + :one)", values=ONE),
        {"n": 0, "u": 2},
    ),
    "SET behind a list's end": (
        update("SET list[4294967294] = :one, list[7] = n", values=ONE),
        {"list": [1, 1, 1]},
    ),
    "SET inside a map": (
        update("SET map.#in = map.#in + :one, map.b = :one", names={"#in": "in"}, values=ONE),
        {"map": {"in": 6, "b": 1}},
    ),
    "SET in a list": (update("SET list[0] = :one, list[7] = n", values=ONE), {"list": [1, 1]}),
    "if_not_exists": (
        update("SET u = if_not_exists(u, :one), n = if_not_exists(n, :one) + :one", values=ONE),
        {"u": 1, "n": 2},
    ),
    "list_append": (
        update(
            "SET list = list_append(if_not_exists(no, :e), list)",
            values={":e": {"L": []}},
        ),
        {"list": [1]},
    ),
    "all clauses in any order and case": (
        update(
            "remove s add n :one SET r=:one delete tags :t",
            values={**ONE, ":t": {"SS": ["b"]}},
        ),
        {"n": 2, "r": 1, "tags": ["a"]},
    ),
    "reserved words, bare": (update("SET size = :one, comment = n", values=ONE), {"size": 1}),
    "placeholders as the service's own": (
        update(
            "SET #0 = :0, #1 = :1",
            names={"#0": "z", "#1": "y"},
            values={":0": {"N": "10"}, ":1": {"S": "eleven"}},
        ),
        {"z": 10, "y": "eleven"},
    ),
}


@pytest.mark.parametrize("case", UPDATES)
def test_an_update_is_applied(service, path, case):
    body, expected = UPDATES[case]
    response = service.patch(path, headers=NATIVE, data=body)
    assert response.status_code == 200, response.data
    stored = exact(response)
    for name, value in (expected or {}).items():
        assert stored[name] == value
    assert exact(service.get(path)) == stored


VALUES = {":v": {"N": "1"}, ":s": {"S": "te"}, ":t": {"S": "N"}}
CONDITIONS = {
    "n = :v": True,
    "n <> :v": False,
    "NOT n = :v": False,
    "n >= :v AND n <= :v": True,
    "n < :v OR n > :v": False,
    "(n < :v OR n = :v) AND NOT (n <> :v)": True,
    "n BETWEEN :v AND :v": True,
    "n IN (:s, :v)": True,
    "attribute_exists(map.#in)": True,
    "attribute_not_exists(list[1])": True,
    "attribute_type(n, :t)": True,
    "begins_with(s, :s)": True,
    "contains(s, :s)": True,
    "size(list) = :v": True,
    "size(s) > n AND Id > :v AND attribute_exists(Name)": True,
    "(n = :v OR n = :s)": True,
    "(n = n1 OR NOT n < :v)": True,
    "(size(list)) = :v": True,
    "(n) between (:v) and (:v)": True,
    ":v = :v": True,
    ":v <> :v": False,
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_decides(service, path, condition):
    names = {"#in": "in"} if "#in" in condition else None
    values = {":new": {"N": "9"}} | {
        name: value for name, value in VALUES.items() if name in condition
    }
    body = update("SET added = :new", condition, names, values)
    response = service.patch(path, headers=NATIVE, data=body)
    assert response.status_code == (200 if CONDITIONS[condition] else 412), response.data
    assert ("added" in exact(service.get(path))) is CONDITIONS[condition]


def test_an_update_creates_as_update_item_does(service, name):
    path = f"/items/8/{name}"
    response = service.patch(path, headers=NATIVE, data=update("ADD n :one", values=ONE))
    assert response.status_code == 200
    assert exact(service.get(path)) == {"Id": 8, "Name": name, "n": 1}


def test_a_false_condition_creates_nothing(service, name):
    path = f"/items/8/{name}"
    body = update("ADD n :one", "attribute_exists(n)", values=ONE)
    response = service.patch(path, headers=NATIVE, data=body)
    assert response.status_code == 412
    assert service.get(path).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": "*"}, 200),
        ({"If-None-Match": "*"}, 412),
        ({"If-Match": '"other"'}, 412),
        ({"If-None-Match": '"other"'}, 200),
    ],
)
def test_a_precondition_is_checked_as_well(service, path, headers, status):
    body = update("ADD n :one", "n = :one", values=ONE)
    response = service.patch(path, headers={**NATIVE, **headers}, data=body)
    assert response.status_code == status
    assert exact(service.get(path))["n"] == (2 if status == 200 else 1)


def test_create_only_by_an_update(service, name):
    headers = {**NATIVE, "If-None-Match": "*"}
    body = update("ADD n :one", values=ONE)
    assert service.patch(f"/items/8/{name}", headers=headers, data=body).status_code == 200
    assert service.patch(f"/items/8/{name}", headers=headers, data=body).status_code == 412


NAMES = ["".join(letters) for letters in itertools.product("abcdef", string.ascii_lowercase)][:138]
"""Names whose placeholders are longer than the names."""

REJECTED = {
    "list_append in itself": (
        update("SET a = list_append(list_append(:v, :v), a)", values={":v": {"L": []}}),
        "/UpdateExpression",
    ),
    "a prefix that is a size": (update("REMOVE a", "begins_with(a, size(b))"), "/Condition"),
    "a path into the partition key": (update("REMOVE a", "Id.b = c"), "/ConditionExpression"),
    "a value from inside the sort key": (update("SET a = Name[0]"), "/UpdateExpression"),
    "a name over 65,535 bytes": (
        update("REMOVE #a", names={"#a": "é" * 32_768}),
        "/ExpressionAttributeNames/#a",
    ),
    "names without an expression": (
        json.dumps({"ExpressionAttributeNames": {"#a": "a"}}),
        "/ExpressionAttributeNames/#a",
    ),
    "an unknown member": ('{"UpdateExpression": "REMOVE a", "Key": {}}', "/Key"),
    "no string": ('{"UpdateExpression": 1}', "/UpdateExpression"),
    "an array": ("[]", ""),
    "empty": (update("  "), "/UpdateExpression"),
    "no clause": (update("a = :v", values={":v": {"N": "1"}}), "/UpdateExpression"),
    "two SET clauses": (
        update("SET a = :v SET b = :v", values={":v": {"N": "1"}}),
        "/UpdateExpression",
    ),
    "overlap": (update("SET a.b = :v REMOVE a", values={":v": {"N": "1"}}), "/UpdateExpression"),
    "overlap inside": (
        update("SET a = :v REMOVE a.b[0]", values={":v": {"N": "1"}}),
        "/UpdateExpression",
    ),
    "the same twice": (update("REMOVE a, #a", names={"#a": "a"}), "/UpdateExpression"),
    "map and list": (
        update("SET a.b = :v, a[0] = :v", values={":v": {"N": "1"}}),
        "/UpdateExpression",
    ),
    "an undefined name": (update("REMOVE #a"), "/UpdateExpression"),
    "an undefined value": (update("SET a = :v"), "/UpdateExpression"),
    "an undefined value in the condition": (
        update("REMOVE a", "b = :v"),
        "/ConditionExpression",
    ),
    "an unused name": (update("REMOVE a", names={"#b": "b"}), "/ExpressionAttributeNames/#b"),
    "an unused value": (
        update("REMOVE a", values={":b": {"S": "b"}}),
        "/ExpressionAttributeValues/:b",
    ),
    "the partition key": (update("SET Id = :v", values={":v": {"N": "7"}}), "/UpdateExpression"),
    "the sort key by a name": (update("REMOVE #k", names={"#k": "Name"}), "/UpdateExpression"),
    "the version": (update("REMOVE #v", names={"#v": "_version"}), "/UpdateExpression"),
    "the version, bare": (update("REMOVE _version"), "/UpdateExpression"),
    "the log inside": (update("REMOVE #v[0]", names={"#v": "_version_log"}), "/UpdateExpression"),
    "ADD of a string": (update("ADD a :v", values={":v": {"S": "x"}}), "/UpdateExpression"),
    "DELETE of a number": (update("DELETE a :v", values={":v": {"N": "1"}}), "/UpdateExpression"),
    "arithmetic on a string": (
        update("SET a = b + :v", values={":v": {"S": "x"}}),
        "/UpdateExpression",
    ),
    "list_append of a number": (
        update("SET a = list_append(a, :v)", values={":v": {"N": "1"}}),
        "/UpdateExpression",
    ),
    "an unknown function": (update("SET a = size(b)"), "/UpdateExpression"),
    "an unknown condition function": (update("REMOVE a", "exists(b)"), "/ConditionExpression"),
    "a lone operand": (update("REMOVE a", "b"), "/ConditionExpression"),
    "equal operands": (update("REMOVE a", "b = b"), "/ConditionExpression"),
    "an unknown type": (
        update("REMOVE a", "attribute_type(b, :t)", values={":t": {"S": "X"}}),
        "/ConditionExpression",
    ),
    "bounds upside down": (
        update("REMOVE a", "b BETWEEN :x AND :y", values={":x": {"N": "10"}, ":y": {"N": "9"}}),
        "/ConditionExpression",
    ),
    "unbalanced": (update("REMOVE a", "(b = c"), "/ConditionExpression"),
    "too deep": (update("REMOVE a", "(" * 200 + "b = c" + ")" * 200), "/ConditionExpression"),
    "too long": (update(f"REMOVE {'a' * 5000}"), "/UpdateExpression"),
    "a bad value": (
        update("SET a = :v", values={":v": {"N": "1e200"}}),
        "/ExpressionAttributeValues/:v/N",
    ),
    "a bad placeholder": (
        update("SET a = :v", values={"v": {"N": "1"}}),
        "/ExpressionAttributeValues/v",
    ),
    "no name": (update("REMOVE #a", names={"#a": ""}), "/ExpressionAttributeNames/#a"),
    "parentheses around parentheses": (
        update("REMOVE a", "((a = b))"),
        "/ConditionExpression",
    ),
    "over 4,096 bytes with what is added": (
        update("REMOVE a", " AND ".join(f"attribute_not_exists({name})" for name in NAMES)),
        "/ConditionExpression",
    ),
    "strange signs": (update("REMOVE a; b"), "/UpdateExpression"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_what_dynamodb_would_reject_is_422_without_a_call(service, path, case):
    body, pointer = REJECTED[case]
    responses = []
    calls = service.calls_during(
        lambda: responses.append(service.patch(path, headers=NATIVE, data=body))
    )
    (response,) = responses
    assert response.status_code == 422, response.data
    assert response.json["errors"][0]["pointer"].startswith(pointer)
    assert calls == []


@pytest.mark.parametrize(
    "body",
    [
        update("ADD s :one", values=ONE),
        update("SET absent.inside = :one", values=ONE),
        update("SET a = absent + :one", values=ONE),
        update("SET a = absent"),
    ],
)
def test_what_does_not_suit_the_stored_item_is_422_without_aws_words(service, path, body):
    response = service.patch(path, headers=NATIVE, data=body)
    assert response.status_code == 422, response.data
    assert "ValidationException" not in response.text
    assert exact(service.get(path))["n"] == 1


def test_the_etag_changes_with_every_update(service, path):
    body = update("SET n = n", "attribute_exists(n)")
    first = service.patch(path, headers=NATIVE, data=body).headers["ETag"]
    second = service.patch(path, headers=NATIVE, data=body).headers["ETag"]
    assert first != second
    headers = {**JSON, "If-Match": first}
    assert service.patch(path, headers=headers, data='{"a": 1}').status_code == 412
