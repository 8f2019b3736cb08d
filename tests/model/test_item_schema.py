"""Random schemas and random writes by several clients: whatever is stored matches the schema.

An independent validator, ``jsonschema``, reads the table itself after every round of writes.
"""

import json
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256

import pytest
from dynamodb_items.formats.plain_json import plain_values
from dynamodb_items.item_schema.reading import SchemaErrors, item_schema
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.validators import extend

from tests.contract.conftest import service_with
from tests.examples import examples

CLIENTS = 3
KEY = {"Id": {"N": "9"}, "Name": {"S": "schema"}}
NAMES = ("a", "b", "c", "d")
OWN = ("_version", "_version_log")
MEDIA_TYPES = {
    "put": "application/json",
    "typed": "application/vnd.dynamodb+json",
    "merge": "application/merge-patch+json",
    "patch": "application/json-patch+json",
    "update": "application/vnd.dynamodb.update+json",
}

# Schemas

numbers = st.sampled_from(["-1", "0", "0.01", "0.015", "1", "2", "2.5", "100"]).map(Decimal)
texts = st.sampled_from(["", "x", "xy", "xyz", "a@b.de", "2026-11-27", "AP8="])
scalars = st.one_of(numbers, texts, st.booleans(), st.none())
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=4,
)
names = st.lists(st.sampled_from(NAMES), max_size=2, unique=True)


def optional(**keywords):
    return st.fixed_dictionaries({}, optional=keywords)


def sets_in(schema):
    """Declare a set where the schema allows arrays and mentions no order."""
    return {**schema, "type": "array", "x-dynamodb-type": "SS", "items": {"type": "string"}}


leaves = st.one_of(
    optional(type=st.sampled_from(["string", "number", "integer", "boolean", "null"])),
    optional(type=st.just("number"), minimum=numbers, multipleOf=st.just(Decimal("0.01"))),
    optional(exclusiveMaximum=numbers, maximum=numbers),
    optional(type=st.just("string"), minLength=st.just(1), maxLength=st.integers(1, 3)),
    optional(pattern=st.sampled_from(["^x", "y$", "[0-9]+"])),
    optional(format=st.sampled_from(["email", "date"]), type=st.just("string")),
    optional(enum=st.lists(scalars, min_size=1, max_size=3, unique_by=repr)),
    optional(const=values),
    st.just({"x-dynamodb-type": "B", "type": "string"}),
    optional(minItems=st.integers(0, 2), maxItems=st.integers(1, 3)).map(sets_in),
)


def combined(inner):
    properties = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    branches = st.lists(untyped(inner), min_size=1, max_size=2)
    return st.one_of(
        optional(properties=properties, required=names),
        optional(properties=properties, additionalProperties=untyped(inner)),
        optional(
            patternProperties=st.dictionaries(st.sampled_from(["^a", "[bc]"]), untyped(inner))
        ),
        optional(dependentRequired=st.dictionaries(st.sampled_from(NAMES), names, max_size=2)),
        optional(propertyNames=st.just({"enum": ["Id", "Name", "a", "b"]})),
        optional(minProperties=st.integers(0, 3), maxProperties=st.integers(2, 5)),
        optional(items=inner, uniqueItems=st.booleans(), maxItems=st.integers(0, 3)),
        optional(contains=untyped(inner), minContains=st.integers(0, 2)),
        optional(allOf=st.lists(inner, min_size=1, max_size=2)),
        optional(anyOf=branches),
        optional(oneOf=branches),
        optional(**{"not": untyped(inner)}),
        optional(**{"if": untyped(inner), "then": untyped(inner), "else": untyped(inner)}),
        optional(dependentSchemas=st.dictionaries(st.sampled_from(NAMES), untyped(inner))),
        optional(properties=properties, unevaluatedProperties=st.just({"type": "number"})),
    )


def untyped(schemas):
    """Leave out the declared types, which must be in schemas that always apply."""
    return schemas.map(without_types)


def without_types(schema):
    if isinstance(schema, list):
        return [without_types(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {name: without_types(each) for name, each in schema.items() if name != "x-dynamodb-type"}


subschemas = st.recursive(leaves, combined, max_leaves=6)
schemas = st.tuples(
    combined(subschemas),
    optional(properties=st.dictionaries(st.sampled_from(NAMES), subschemas, max_size=3)),
).map(lambda parts: {**parts[0], **parts[1]})

# Writes

attributes = st.dictionaries(st.sampled_from(NAMES), values, max_size=3)
typed_values = st.sampled_from(
    [
        {"S": "x"},
        {"N": "1"},
        {"N": "0.015"},
        {"SS": ["x", "y"]},
        {"L": [{"S": "x"}]},
        {"NULL": True},
        {"M": {"a": {"N": "1"}}},
        {"B": "AP8="},
    ]
)
expressions = st.sampled_from(
    [
        "SET a = :v",
        "SET a = b",
        "SET a = if_not_exists(a, :v), b = :v",
        "SET a.b = :v",
        "SET a[0] = :v",
        "REMOVE a, b",
        "REMOVE a[0]",
        "ADD a :v",
        "ADD b :v REMOVE c",
        "DELETE a :v",
    ]
)
operations = st.sampled_from(
    [
        {"op": "add", "path": "/a", "value": "x"},
        {"op": "add", "path": "/b", "value": 1},
        {"op": "remove", "path": "/a"},
        {"op": "copy", "from": "/a", "path": "/b"},
        {"op": "move", "from": "/b", "path": "/c"},
        {"op": "add", "path": "/a/-", "value": "z"},
    ]
)


def update(expression: str, value) -> dict:
    body = {"UpdateExpression": expression}
    return body | ({"ExpressionAttributeValues": {":v": value}} if ":v" in expression else {})


writes = st.one_of(
    st.tuples(st.just("put"), attributes),
    st.tuples(st.just("typed"), st.dictionaries(st.sampled_from(NAMES), typed_values, max_size=3)),
    st.tuples(st.just("merge"), attributes),
    st.tuples(st.just("patch"), st.lists(operations, min_size=1, max_size=2)),
    st.tuples(st.just("update"), st.builds(update, expressions, typed_values)),
)
ways = st.sampled_from(["plain", "once", "batch", "edit"])

# The independent validator


def is_number(_checker, value) -> bool:
    return isinstance(value, Decimal | int) and not isinstance(value, bool)


def is_integer(_checker, value) -> bool:
    return is_number(_checker, value) and value == int(value)


Independent = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"number": is_number, "integer": is_integer}
    ),
)


def stored_item(dynamodb) -> dict | None:
    found = dynamodb.get_item(TableName="my-dynamodb-table", Key=KEY, ConsistentRead=True)
    return found.get("Item")


def declared_types(schema, value) -> None:
    """Assert the declared type of an attribute that the schema declares directly."""
    for name, each in schema.get("properties", {}).items():
        declared = each.get("x-dynamodb-type")
        wrong = {"B": "S", "SS": "L"}.get(declared)
        assert wrong not in value.get(name, {}), name


@pytest.fixture(scope="module")
def service(engine):
    return service_with(engine)


@pytest.mark.timeout(600)
def test_whatever_is_stored_matches_the_schema(service):
    statuses: Counter[int] = Counter()

    @given(
        schema=schemas,
        rounds=st.lists(st.lists(st.tuples(writes, ways), min_size=1, max_size=4), max_size=4),
        first=attributes,
    )
    @settings(
        examples(60), suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
    )
    def run(schema, rounds, first):
        try:
            compiled = item_schema(schema)
        except SchemaErrors:
            assume(False)
        assume(not compiled.contradictions(service.settings.key_schema, OWN))
        statuses.update(written(service, compiled, [[(("put", first), "plain")], *rounds]))

    run()
    assert not {400, 500}.intersection(statuses)
    assert min(statuses[200], statuses[201], statuses[422]) > 0


def written(service, schema, rounds) -> list[int]:
    """Write an item in several rounds, and check it after each; return the statuses."""
    statuses: list[int] = []
    dynamodb = service.engine.dynamodb
    dynamodb.delete_item(TableName="my-dynamodb-table", Key=KEY)
    application = service.client.application
    application.extensions["settings"] = replace(service.settings, item_schema=schema)
    # moto may let another write pass between a condition and its write.
    clients = CLIENTS if service.engine.name == "ministack" else 1
    try:
        for together in rounds:
            with ThreadPoolExecutor(clients) as threads:
                statuses += threads.map(lambda write: send(application, write), together)
            item = stored_item(dynamodb)
            if item is not None:
                visible = {name: value for name, value in item.items() if name not in OWN}
                validator = Independent(schema.document, format_checker=FormatChecker())
                validator.validate(plain_values(visible))
                declared_types(schema.document, item)
    finally:
        application.extensions["settings"] = service.settings
    return statuses


def send(application, write) -> int:
    (form, body), way = write
    client = application.test_client()
    path = "/items/9/schema"
    method = "PUT" if form in ("put", "typed") else "PATCH"
    headers = {"Content-Type": MEDIA_TYPES[form]}
    if way == "once":
        headers["Idempotency-Key"] = sha256(repr(body).encode()).hexdigest()
    if way == "edit":
        etag = client.get(path).headers.get("ETag")
        headers |= {"If-Match": etag} if etag else {}
    if way == "batch":
        member = {"merge": "patch", "patch": "jsonPatch", "update": "update"}.get(form, "item")
        operation = {"method": method, "id": "9", "name": "schema", member: body}
        is_typed = form == "typed"
        headers["Content-Type"] = MEDIA_TYPES["typed" if is_typed else "put"]
        method, path, body = "POST", "/items:batch", {"operations": [operation]}
    data = json.dumps(body, default=float)
    return client.open(path, method=method, data=data, headers=headers).status_code
