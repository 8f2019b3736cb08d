"""Merge patches and JSON Patches through the API, compared with their RFCs."""

import json

import pytest

from tests import rfc7396
from tests.contract.conftest import ACCEPT_TYPED, JSON, JSON_PATCH, MERGE, TYPED, exact


def put(service, path, value, status=201):
    assert service.put(path, headers=JSON, data=json.dumps(value)).status_code == status


@pytest.mark.parametrize("level", ["item", "map", "map of a map"])
@pytest.mark.parametrize("case", rfc7396.CASES)
def test_the_cases_of_rfc_7396(service, name, case, level):
    target, patch, result = case
    path = f"/items/7/{name}"
    for _ in range({"item": 0, "map": 1, "map of a map": 2}[level]):
        target, patch, result = {"in": target}, {"in": patch}, {"in": result}
    put(service, path, target)
    response = service.patch(path, headers=MERGE, data=json.dumps(patch))
    assert response.status_code == 200
    assert exact(response) == {"Id": 7, "Name": name, **result}
    assert exact(service.get(path)) == exact(response)


@pytest.mark.parametrize("patch", ['["c"]', "null", '"bar"', "1"])
def test_an_item_stays_an_object(service, name, patch):
    put(service, f"/items/7/{name}", {})
    response = service.patch(f"/items/7/{name}", headers=MERGE, data=patch)
    assert response.status_code == 422


# Each operation of RFC 6902, with the cases of its Appendix A and of the public suites. The result
# ``None`` means that the patch cannot be applied.
PATCHES = {
    "no operation": ({"a": 1}, [], {"a": 1}),
    "add a member": ({"a": 1}, [{"op": "add", "path": "/b", "value": [1]}], {"a": 1, "b": [1]}),
    "add over a member": ({"a": 1}, [{"op": "add", "path": "/a", "value": "x"}], {"a": "x"}),
    "add null": ({}, [{"op": "add", "path": "/a", "value": None}], {"a": None}),
    "add into an array": (
        {"a": ["x", "z"]},
        [{"op": "add", "path": "/a/1", "value": "y"}],
        {"a": ["x", "y", "z"]},
    ),
    "add at an array's end": (
        {"a": [1]},
        [{"op": "add", "path": "/a/-", "value": [2, 3]}, {"op": "add", "path": "/a/2", "value": 4}],
        {"a": [1, [2, 3], 4]},
    ),
    "add beyond an array": ({"a": [1]}, [{"op": "add", "path": "/a/2", "value": 1}], None),
    "add at a negative index": ({"a": [1]}, [{"op": "add", "path": "/a/-1", "value": 1}], None),
    "a leading zero": ({"a": [1, 2]}, [{"op": "remove", "path": "/a/01"}], None),
    "a name for an index": ({"a": [1]}, [{"op": "add", "path": "/a/one", "value": 1}], None),
    "add into nothing": ({}, [{"op": "add", "path": "/a/b", "value": 1}], None),
    "add into a string": ({"a": "x"}, [{"op": "add", "path": "/a/b", "value": 1}], None),
    "an unknown member is ignored": (
        {},
        [{"op": "add", "path": "/a", "value": 1, "xyz": 2}],
        {"a": 1},
    ),
    "remove": (
        {"a": 1, "b": {"c": 2, "d": 3}},
        [{"op": "remove", "path": "/b/c"}],
        {"a": 1, "b": {"d": 3}},
    ),
    "remove from an array": ({"a": [1, 2, 3]}, [{"op": "remove", "path": "/a/1"}], {"a": [1, 3]}),
    "remove what is not there": ({}, [{"op": "remove", "path": "/a"}], None),
    "replace": (
        {"a": {"b": 1}},
        [{"op": "replace", "path": "/a/b", "value": {}}],
        {"a": {"b": {}}},
    ),
    "replace what is not there": ({}, [{"op": "replace", "path": "/a", "value": 1}], None),
    "replace an array's end": ({"a": [1]}, [{"op": "replace", "path": "/a/-", "value": 1}], None),
    "move": (
        {"a": {"b": 1}, "c": {}},
        [{"op": "move", "from": "/a/b", "path": "/c/d"}],
        {"a": {}, "c": {"d": 1}},
    ),
    "move within an array": (
        {"a": [1, 2, 3, 4]},
        [{"op": "move", "from": "/a/1", "path": "/a/3"}],
        {"a": [1, 3, 4, 2]},
    ),
    "move into itself": ({"a": {"b": {}}}, [{"op": "move", "from": "/a", "path": "/a/b/c"}], None),
    "move onto itself": ({"a": 1}, [{"op": "move", "from": "/a", "path": "/a"}], {"a": 1}),
    "move what is not there": ({}, [{"op": "move", "from": "/a", "path": "/b"}], None),
    "copy is deep": (
        {"a": {"b": [1]}},
        [
            {"op": "copy", "from": "/a", "path": "/c"},
            {"op": "add", "path": "/c/b/-", "value": 2},
        ],
        {"a": {"b": [1]}, "c": {"b": [1, 2]}},
    ),
    "a name with a slash and a tilde": (
        {"a/b": 1, "m~n": 2, "~1": 3},
        [
            {"op": "replace", "path": "/a~1b", "value": 10},
            {"op": "replace", "path": "/m~0n", "value": 20},
            {"op": "replace", "path": "/~01", "value": 30},
        ],
        {"a/b": 10, "m~n": 20, "~1": 30},
    ),
    "a number as a member's name": (
        {"a": {"1": "x"}},
        [{"op": "replace", "path": "/a/1", "value": "y"}],
        {"a": {"1": "y"}},
    ),
    "a test that holds": (
        {"a": {"b": [1, None, True, "x"], "c": 2}},
        [{"op": "test", "path": "/a", "value": {"c": 2.0, "b": [1, None, True, "x"]}}],
        {"a": {"b": [1, None, True, "x"], "c": 2}},
    ),
    "a test of the whole key": ({}, [{"op": "test", "path": "/Id", "value": 7}], {}),
    "the whole item": ({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}),
    "the whole item by no object": ({}, [{"op": "replace", "path": "", "value": [1]}], None),
    "the whole item with another key": (
        {},
        [{"op": "add", "path": "", "value": {"Id": 8}}],
        None,
    ),
}


@pytest.mark.parametrize("case", PATCHES)
def test_what_rfc_6902_says(service, name, case):
    path = f"/items/7/{name}"
    target, patch, result = PATCHES[case]
    put(service, path, target)
    response = service.patch(path, headers=JSON_PATCH, data=json.dumps(patch))
    assert response.status_code == (422 if result is None else 200), response.data
    expected = {"Id": 7, "Name": name, **(target if result is None else result)}
    assert exact(service.get(path)) == expected
    if result is not None:
        assert exact(response) == expected


@pytest.mark.parametrize(
    ("target", "tested"),
    [
        ({"a": 1}, 2),
        ({"a": 1}, "1"),
        ({"a": 1}, True),
        ({"a": True}, 1),
        ({"a": False}, 0),
        ({"a": None}, False),
        ({"a": [1, 2]}, [2, 1]),
        ({"a": {"b": 1}}, {}),
        ({}, None),
        ({"a": []}, {}),
    ],
)
def test_a_test_that_does_not_hold_is_409_and_changes_nothing(service, name, target, tested):
    path = f"/items/7/{name}"
    put(service, path, target)
    patch = [
        {"op": "add", "path": "/b", "value": 1},
        {"op": "test", "path": "/a", "value": tested},
    ]
    response = service.patch(path, headers=JSON_PATCH, data=json.dumps(patch))
    assert response.status_code == 409
    assert response.json["type"].endswith("#patch-test-failed")
    assert response.json["errors"][0]["pointer"] == "/1"
    assert exact(service.get(path)) == {"Id": 7, "Name": name, **target}


REJECTED = {
    "an object": ({"op": "add"}, ""),
    "no operation": ([1], "/0"),
    "no op": ([{"path": "/a", "value": 1}], "/0"),
    "an unknown op": ([{"op": "spam", "path": "/a", "value": 1}], "/0"),
    "no path": ([{"op": "add", "value": 1}], "/0/path"),
    "no value": ([{"op": "add", "path": "/a"}], "/0"),
    "no from": ([{"op": "copy", "path": "/a"}], "/0/from"),
    "no pointer": ([{"op": "add", "path": "a", "value": 1}], "/0/path"),
    "a broken escape": ([{"op": "add", "path": "/~2", "value": 1}], "/0/path"),
    "a path that is not a string": ([{"op": "add", "path": 1, "value": 1}], "/0/path"),
    "the partition key": ([{"op": "replace", "path": "/Id", "value": 7}], "/0/path"),
    "inside the sort key": ([{"op": "remove", "path": "/Name/x"}], "/0/path"),
    "the key moved away": ([{"op": "move", "from": "/Name", "path": "/a"}], "/0/from"),
    "the key copied over": ([{"op": "copy", "from": "/a", "path": "/Name"}], "/0/path"),
    "the version": ([{"op": "add", "path": "/_version", "value": "mine"}], "/0/path"),
    "the version read": ([{"op": "copy", "from": "/_version", "path": "/a"}], "/0/from"),
    "the version tested": ([{"op": "test", "path": "/_version", "value": 1}], "/0/path"),
    "the item removed": ([{"op": "remove", "path": ""}], "/0/path"),
    "a value that no item holds": ([{"op": "add", "path": "/a", "value": {"": 1}}], "/0/value"),
    "too many": ([{"op": "test", "path": "/Id", "value": 7}] * 1001, ""),
}


@pytest.mark.parametrize("case", REJECTED)
def test_an_invalid_json_patch_is_422_without_a_call(service, name, case):
    patch, pointer = REJECTED[case]
    responses = []
    calls = service.calls_during(
        lambda: responses.append(
            service.patch(f"/items/7/{name}", headers=JSON_PATCH, data=json.dumps(patch))
        )
    )
    (response,) = responses
    assert response.status_code == 422, response.data
    assert response.json["errors"][0]["pointer"].startswith(pointer)
    assert calls == []


STORED = {
    "tags": {"SS": ["a", "b"]},
    "scores": {"NS": ["1", "2.50"]},
    "photo": {"B": "AAE="},
    "photos": {"BS": ["AAE=", "/w=="]},
    "big": {"N": "12345678901234567890123456789012345678"},
    "in": {"M": {"tags": {"SS": ["x"]}, "photo": {"B": "/w=="}, "n": {"N": "1"}}},
}


@pytest.fixture
def rich(service, name):
    """The path of an item with values that have no plain JSON form, and its typed form."""
    path = f"/items/7/{name}"
    assert service.put(path, headers=TYPED, data=json.dumps(STORED)).status_code == 201
    return path


def typed_item(service, path):
    item = service.get(path, headers=ACCEPT_TYPED).json
    for value in (item.get("tags", {}), item.get("photos", {}), item.get("scores", {})):
        for members in value.values():
            members.sort()
    return {name: value for name, value in item.items() if name not in ("Id", "Name", "_version")}


def test_what_a_json_patch_does_not_touch_keeps_its_type_and_digits(service, rich):
    before = typed_item(service, rich)
    patch = [{"op": "add", "path": "/in/n", "value": 2}, {"op": "add", "path": "/z", "value": 1}]
    response = service.patch(rich, headers=JSON_PATCH, data=json.dumps(patch))
    assert response.status_code == 200
    after = typed_item(service, rich)
    assert after.pop("z") == {"N": "1"}
    before["in"]["M"]["n"] = {"N": "2"}
    assert after == before


def test_sets_and_binary_are_moved_and_copied_as_what_they_are(service, rich):
    patch = [
        {"op": "copy", "from": "/in", "path": "/copy"},
        {"op": "move", "from": "/photo", "path": "/in/portrait"},
        {"op": "test", "path": "/in/portrait", "value": "AAE="},
        {"op": "test", "path": "/in/tags", "value": ["x"]},
        {"op": "copy", "from": "/tags", "path": "/labels"},
    ]
    response = service.patch(rich, headers=JSON_PATCH, data=json.dumps(patch))
    assert response.status_code == 200
    item = typed_item(service, rich)
    assert item["copy"] == STORED["in"]
    assert item["in"]["M"]["portrait"] == {"B": "AAE="}
    assert sorted(item["labels"]["SS"]) == ["a", "b"]
    assert "photo" not in item


def test_a_set_that_is_changed_stays_a_set(service, rich):
    patch = [
        {"op": "add", "path": "/tags/-", "value": "c"},
        {"op": "add", "path": "/scores/-", "value": 3},
        {"op": "remove", "path": "/photos/0"},
    ]
    response = service.patch(rich, headers=JSON_PATCH, data=json.dumps(patch))
    assert response.status_code == 200
    item = typed_item(service, rich)
    assert item["tags"] == {"SS": ["a", "b", "c"]}
    assert set(item["scores"]["NS"]) == {"1", "2.5", "3"}
    assert len(item["photos"]["BS"]) == 1


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/tags/-", "value": 1},
        {"op": "add", "path": "/tags/-", "value": "a"},
        {"op": "remove", "path": "/in/tags/0"},
    ],
)
def test_a_set_is_not_made_what_no_set_can_be(service, rich, operation):
    response = service.patch(rich, headers=JSON_PATCH, data=json.dumps([operation]))
    assert response.status_code == 422


def test_copies_cannot_grow_without_end(service, name):
    path = f"/items/7/{name}"
    put(service, path, {"a": ["x" * 1000] * 10})
    doubling = [{"op": "copy", "from": "/a", "path": "/a/-"} for _ in range(60)]
    response = service.patch(path, headers=JSON_PATCH, data=json.dumps(doubling))
    assert response.status_code == 413
    put(service, path, {"a": "x" * 100_000}, 200)
    copies = [{"op": "copy", "from": "/a", "path": f"/b{n}"} for n in range(1000)]
    response = service.patch(path, headers=JSON_PATCH, data=json.dumps(copies))
    assert response.status_code == 413


def test_a_patch_without_effect_writes_nothing(service, name):
    path = f"/items/7/{name}"
    put(service, path, {"a": 1})
    etag = service.get(path).headers["ETag"]
    patch = json.dumps([{"op": "test", "path": "/a", "value": 1}])
    assert service.calls_during(lambda: service.patch(path, headers=JSON_PATCH, data=patch)) == [
        "GetItem"
    ]
    assert service.get(path).headers["ETag"] == etag


def test_patches_never_create(service, name):
    for headers, patch in ((MERGE, '{"a": {}}'), (JSON_PATCH, "[]")):
        assert service.patch(f"/items/8/{name}", headers=headers, data=patch).status_code == 404


def test_an_edit_is_applied_to_what_another_writer_has_left_meanwhile(service, name):
    path = f"/items/7/{name}"
    put(service, path, {"list": [], "other": 1})
    wire = service.engine.wire

    def let_another_in(exchange):
        response = service.patch(path, headers=JSON, data='{"list": ["theirs"], "other": 2}')
        assert response.status_code == 200
        exchange.send(exchange.forward())

    patch = json.dumps([{"op": "add", "path": "/list/-", "value": "mine"}])
    with wire.fault(let_another_in, operation="UpdateItem", calls=1):
        response = service.patch(path, headers=JSON_PATCH, data=patch)
    assert response.status_code == 200
    assert exact(service.get(path)) == {
        "Id": 7,
        "Name": name,
        "list": ["theirs", "mine"],
        "other": 2,
    }


def test_an_edit_does_not_wait_for_writers_of_other_attributes(service, name):
    path = f"/items/7/{name}"
    put(service, path, {"map": {}, "other": 1})
    wire = service.engine.wire

    def let_another_in(exchange):
        assert service.patch(path, headers=JSON, data='{"other": 2}').status_code == 200
        exchange.send(exchange.forward())

    with wire.fault(let_another_in, operation="UpdateItem", calls=1):
        calls = service.calls_during(
            lambda: service.patch(path, headers=MERGE, data='{"map": {"in": 1}}')
        )
    assert calls == ["GetItem", "UpdateItem", "UpdateItem"]
    assert exact(service.get(path))["map"] == {"in": 1}
    assert exact(service.get(path))["other"] == 2


def test_an_edit_that_always_loses_the_race_is_503(service, name):
    path = f"/items/7/{name}"
    put(service, path, {"map": {"n": 0}})
    dynamodb = service.engine.dynamodb

    def interfere(exchange):
        dynamodb.update_item(
            TableName="my-dynamodb-table",
            Key={"Id": {"N": "7"}, "Name": {"S": name}},
            UpdateExpression="ADD #m.n :one",
            ExpressionAttributeNames={"#m": "map"},
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        exchange.send(exchange.forward())

    with service.engine.wire.fault(interfere, operation="UpdateItem") as script:
        response = service.patch(path, headers=MERGE, data='{"map": {"in": 1}}')
    assert script.struck == 5
    assert response.status_code == 503
    assert 1 <= int(response.headers["Retry-After"]) <= 3
    assert exact(service.get(path))["map"] == {"n": 5}


def test_a_wide_patch_goes_by_a_conditional_replacement(service, name):
    path = f"/items/7/{name}"
    put(service, path, {"kept": 1, "a0": "old"})
    patch = {f"a{n}": n for n in range(600)}
    calls = service.calls_during(lambda: service.patch(path, headers=MERGE, data=json.dumps(patch)))
    assert calls == ["GetItem", "PutItem"]
    assert exact(service.get(path)) == {"Id": 7, "Name": name, "kept": 1, **patch}


@pytest.mark.parametrize("kind", ["merge patch", "JSON Patch", "idempotent"])
def test_a_wide_patch_loses_no_change_of_another_program(service, name, kind):
    """Which does not change the version."""
    path = f"/items/7/{name}"
    put(service, path, {"kept": 1})
    wide = {f"a{n}": n for n in range(300)}
    operations = [{"op": "add", "path": f"/{each}", "value": n} for each, n in wide.items()]
    headers, body = (JSON_PATCH, operations) if kind == "JSON Patch" else (MERGE, wide)
    if kind == "idempotent":
        headers = {**headers, "Idempotency-Key": f'"{name}"'}

    def let_another_in(exchange):
        service.engine.dynamodb.update_item(
            TableName="my-dynamodb-table",
            Key={"Id": {"N": "7"}, "Name": {"S": name}},
            UpdateExpression="SET kept = :new",
            ExpressionAttributeValues={":new": {"N": "2"}},
        )
        exchange.send(exchange.forward())

    operation = "TransactWriteItems" if kind == "idempotent" else "PutItem"
    with service.engine.wire.fault(let_another_in, operation=operation, calls=1):
        response = service.patch(path, headers=headers, data=json.dumps(body))
    assert response.status_code == 200, response.data
    assert exact(service.get(path)) == {"Id": 7, "Name": name, "kept": 2, **wide}


def test_a_wide_patch_of_a_wide_item_is_to_be_sent_in_parts(service, name):
    path = f"/items/7/{name}"
    kept = {f"k{n}": n for n in range(160)}
    put(service, path, kept)
    wide = {f"a{n}": n for n in range(300)}
    response = service.patch(path, headers=MERGE, data=json.dumps(wide))
    assert response.status_code == 422
    assert response.json["detail"].endswith("Send it in parts.")
    assert exact(service.get(path)) == {"Id": 7, "Name": name, **kept}


def test_what_a_result_cannot_be_is_pointed_at_in_the_patch(service, name):
    service.put(f"/items/7/{name}", headers=JSON, data='{"m": {"a": 1}}')
    patch = '[{"op": "add", "path": "/m/", "value": 1}]'
    response = service.patch(f"/items/7/{name}", headers=JSON_PATCH, data=patch)
    assert response.status_code == 422
    (error,) = response.json["errors"]
    assert error["pointer"] == ""
    assert error["detail"].startswith("the result at /m/ ")


@pytest.mark.parametrize("unneeded", ["5", "null", '"x"', '"/~2"', "[]"])
def test_a_member_that_an_operation_does_not_need_means_nothing(service, name, unneeded):
    service.put(f"/items/7/{name}", headers=JSON, data="{}")
    patch = f'[{{"op": "add", "path": "/a", "value": 1, "from": {unneeded}}}]'
    response = service.patch(f"/items/7/{name}", headers=JSON_PATCH, data=patch)
    assert response.status_code == 200, response.data
    assert exact(response)["a"] == 1


def test_a_patch_that_looks_at_much_rests_on_the_version(service, name):
    """Each compared attribute takes two of the 300 operators of a condition."""
    service.put(f"/items/7/{name}", headers=JSON, data=json.dumps({f"a{n}": n for n in range(160)}))
    patch = [{"op": "test", "path": f"/a{n}", "value": n} for n in range(160)]
    patch.append({"op": "replace", "path": "/a0", "value": -1})
    conditions = []

    def watch(exchange):
        conditions.append(exchange.call.parameters["ConditionExpression"])
        exchange.send(exchange.forward())

    with service.engine.wire.fault(watch, operation="UpdateItem"):
        response = service.patch(f"/items/7/{name}", headers=JSON_PATCH, data=json.dumps(patch))
    assert response.status_code == 200, response.data
    (condition,) = conditions
    assert condition.count("=") == 1


def test_a_patch_of_another_media_type_is_415_with_accept_patch(service, name):
    response = service.patch(f"/items/7/{name}", headers={"Content-Type": "text/plain"}, data="x")
    assert response.status_code == 415
    assert set(response.headers["Accept-Patch"].split(", ")) == {
        "application/json",
        "application/merge-patch+json",
        "application/json-patch+json",
        "application/vnd.dynamodb.update+json",
    }
