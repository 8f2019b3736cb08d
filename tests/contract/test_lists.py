"""Lists on real engines: every item once, in order, and nothing where they are off."""

import json
import random
import time
import uuid
from urllib.parse import quote

import pytest
from dynamodb_items.access.api_keys import new_api_key
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items.item_schema.reading import item_schema
from dynamodb_items.local.sample_table import create_empty_table
from dynamodb_items.storage.table_keys import reserved_key

from tests.contract.conftest import ACCEPT_TYPED, JSON, exact, service_with

LISTS = DEFAULT_OPERATIONS | {Operation.QUERY, Operation.SCAN}
TABLE = "lists-of-items"
VARIABLES = {
    "ITEMS_TABLE": TABLE,
    "ITEMS_INDEXES": "by-status=Status:S+At:N,by-tag=Tag:S/partial",
    "ITEMS_OPERATIONS": ",".join(LISTS),
}
SETTINGS = {
    "table": TABLE,
    "indexes": Settings.from_environment(VARIABLES).indexes,
    "operations": LISTS,
}
NAMES = [
    *(
        "a",
        "ab",
        "abc",
        "b",
        "B",
        "/",
        "a/b",
        "..",
        "%2F",
        "ä",
        "z\u0301",
        "\U0001f600",
        "\uffff",
        " ",
    ),
    *("x" * 1024, "a b", "?", "#", "&=", '"', "\\", "\x00", "0", "00", "~"),
]


@pytest.fixture(scope="module")
def lists(engine):
    """Return a service with lists, on a table with two indexes."""
    create_empty_table(engine.dynamodb, Settings(**SETTINGS))
    return service_with(engine, **SETTINGS)


@pytest.fixture
def partition() -> str:
    """Return a partition that no other test uses."""
    return str(uuid.uuid4().int % 10**30)


def put(service, partition, name, **attributes):
    response = service.put(
        f"/items/{partition}/{quote(name, safe='')}", headers=JSON, data=json.dumps(attributes)
    )
    assert response.status_code == 201
    return response


def pages_of(service, path, headers=None, **parameters):
    """Return all pages of a list, each read with the cursor of the one before."""
    pages = []
    while True:
        response = service.get(path, query_string=parameters, headers=headers)
        assert response.status_code == 200, response.data
        pages.append(exact(response))
        assert len(pages) < 200
        if pages[-1]["next"] is None:
            assert "Link" not in response.headers
            return pages
        assert response.headers["Link"].endswith('>; rel="next"')
        parameters["cursor"] = pages[-1]["next"]


def names_of(pages):
    return [one["name"] for page in pages for one in page["items"]]


@pytest.fixture(scope="module")
def names(lists):
    """Return a partition with every kind of name, and the names in DynamoDB's order."""
    shuffled = random.Random(7).sample(NAMES, len(NAMES))
    for name in shuffled:
        put(lists, "38", name)
    return "38", sorted(NAMES, key=str.encode)


@pytest.mark.parametrize("limit", [1, 2, 7, len(NAMES), len(NAMES) + 1, 1000])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_partition_is_listed_in_the_order_of_its_sort_keys(lists, names, limit, order):
    partition, expected = names
    pages = pages_of(lists, f"/items/{partition}", limit=limit, order=order)
    assert names_of(pages) == (expected if order == "asc" else expected[::-1])
    assert all(1 <= len(page["items"]) <= limit for page in pages)
    assert len(pages) == -(-len(expected) // limit), "no page without items"


@pytest.mark.parametrize(
    "conditions",
    [
        *({"prefix": "a"}, {"prefix": ""}, {"prefix": "x" * 1000}, {"prefix": "ä"}),
        *({"gt": "a"}, {"ge": "a"}, {"lt": "b"}, {"le": "b"}),
        *({"gt": "a", "lt": "b"}, {"ge": "a", "le": "b"}, {"gt": "a", "le": "b"}),
        *({"ge": "a", "lt": "b"}, {"gt": "a", "lt": "ab"}, {"ge": "b", "le": "a"}),
        *({"gt": "a", "lt": "a"}, {"ge": "a", "le": "a"}, {"gt": "/", "lt": "\U0001f600"}),
    ],
    ids=str,
)
def test_conditions_on_the_sort_key_are_exact(lists, names, conditions):
    partition, everything = names
    tests = {
        "prefix": lambda name, value: name.startswith(value),
        "gt": lambda name, value: name.encode() > value.encode(),
        "ge": lambda name, value: name.encode() >= value.encode(),
        "lt": lambda name, value: name.encode() < value.encode(),
        "le": lambda name, value: name.encode() <= value.encode(),
    }
    expected = [
        name
        for name in everything
        if all(tests[condition](name, value) for condition, value in conditions.items())
    ]
    for order in ("asc", "desc"):
        for limit in (2, 100):
            pages = pages_of(lists, f"/items/{partition}", limit=limit, order=order, **conditions)
            assert names_of(pages) == (expected if order == "asc" else expected[::-1])
            assert all(page["items"] for page in pages) or expected == []


def test_numbers_are_in_the_order_of_their_values(lists, partition):
    numbers = ["-1e125", "-2", "0", "1e-130", "0.1", "2", "10", "9" * 38, "1e125"]
    for number in random.Random(7).sample(numbers, len(numbers)):
        put(lists, partition, f"n{number}", Status=partition, At=json.loads("0"))
        body = f'{{"Status": "{partition}", "At": {number}}}'
        lists.put(f"/items/{partition}/n{number}", headers=JSON, data=body)
    path = f"/indexes/by-status/{partition}"
    assert names_of(pages_of(lists, path, limit=2)) == [f"n{number}" for number in numbers]
    assert names_of(pages_of(lists, path, gt="0", lt="1e1")) == ["n1e-130", "n0.1", "n2"]
    assert names_of(pages_of(lists, path, gt="0", le="10.0", order="desc", limit=1)) == [
        *("n10", "n2", "n0.1", "n1e-130")
    ]


def test_each_item_has_the_etag_of_its_own_url(lists, partition):
    put(lists, partition, "x", Tags=["b"], n=1.5)
    for headers in ({}, ACCEPT_TYPED):
        ((listed,),) = (page["items"] for page in pages_of(lists, f"/items/{partition}", headers))
        single = lists.get(f"/items/{partition}/x", headers=headers)
        assert listed["etag"] == single.headers["ETag"]
        assert listed["item"] == exact(single)
        assert (listed["id"], listed["name"]) == (partition, "x")


def test_fields_trim_the_items_but_not_their_etags(lists, partition):
    put(lists, partition, "x", a=1, b=2)
    (page,) = pages_of(lists, f"/items/{partition}", fields="a")
    (listed,) = page["items"]
    assert listed["item"].keys() == {"Id", "Name", "a"}
    assert listed["etag"] == lists.get(f"/items/{partition}/x").headers["ETag"]


def test_a_page_has_an_etag(lists, partition):
    put(lists, partition, "x", a=1)
    path = f"/items/{partition}"
    first = lists.get(path)
    etag = first.headers["ETag"]
    unchanged = lists.get(path, headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert unchanged.headers["ETag"] == etag
    assert lists.get(path, headers={**ACCEPT_TYPED, "If-None-Match": etag}).status_code == 200
    put(lists, partition, "y")
    assert lists.get(path, headers={"If-None-Match": etag}).status_code == 200
    assert lists.get(path, headers={"If-Match": etag}).status_code == 412


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_a_query_in_a_body_has_no_precondition(lists, header):
    def request():
        response = lists.post("/items:query", json={"id": "7"}, headers={header: "*"})
        assert response.status_code == 400
        assert response.json["detail"] == (
            f"The header {header} applies to GET and HEAD. Send this query without it."
        )

    assert lists.calls_during(request) == []


def test_an_item_under_the_probes_key_is_listed(lists):
    key = reserved_key(Settings().key_schema)
    put(lists, key.values[0], key.values[1])
    assert key.values[1] in names_of(pages_of(lists, f"/items/{key.values[0]}"))
    assert lists.delete("/".join(("/items", *key.values))).status_code == 204


def test_head_has_the_headers_of_get(lists, partition):
    put(lists, partition, "x")
    put(lists, partition, "y")
    path = f"/items/{partition}?limit=1"
    get, head = lists.get(path), lists.head(path)
    assert (head.status_code, head.data) == (200, b"")
    for name in ("ETag", "Content-Length", "Content-Type", "Link", "Vary"):
        assert head.headers[name] == get.headers[name]


def test_dynamodb_stops_after_one_megabyte(lists, partition):
    for number in range(6):
        put(lists, partition, f"n{number}", text="x" * 390_000)
    pages = pages_of(lists, f"/items/{partition}")
    assert names_of(pages) == [f"n{number}" for number in range(6)]
    assert 3 <= len(pages) <= 6
    assert all(page["items"] for page in pages)


def test_a_cursor_works_on_another_instance(engine, lists, names):
    partition, expected = names
    cursor = lists.get(f"/items/{partition}?limit=3").json["next"]
    another = service_with(engine, **SETTINGS)
    rest = pages_of(another, f"/items/{partition}", cursor=cursor)
    assert names_of(rest) == expected[3:]


def test_a_cursor_of_a_deleted_item_goes_on_after_it(lists, partition):
    for name in "abc":
        put(lists, partition, name)
    cursor = lists.get(f"/items/{partition}?limit=1").json["next"]
    assert lists.delete(f"/items/{partition}/a").status_code == 204
    assert names_of(pages_of(lists, f"/items/{partition}", cursor=cursor)) == ["b", "c"]


def test_the_whole_table_is_scanned_once_by_parallel_readers(lists, partition):
    for number in range(5):
        put(lists, partition, f"s{number}")
    scanned = [
        (one["id"], one["name"])
        for segment in range(3)
        for page in pages_of(lists, "/items", segment=segment, segments=3, limit=4)
        for one in page["items"]
    ]
    everything = [
        (one["id"], one["name"]) for page in pages_of(lists, "/items") for one in page["items"]
    ]
    assert sorted(scanned) == sorted(everything)
    assert len(set(everything)) == len(everything)
    assert {(partition, f"s{number}") for number in range(5)} < set(everything)


def test_an_index_without_whole_items_has_no_etags(lists, partition):
    put(lists, partition, "x", Tag=partition, a=1)
    (page,) = pages_of(lists, f"/indexes/by-tag/{partition}")
    (listed,) = page["items"]
    assert listed["etag"] is None
    assert listed["item"] == {"Id": int(partition), "Name": "x", "Tag": partition}


@pytest.mark.parametrize("headers", [{}, ACCEPT_TYPED])
def test_no_list_shows_or_filters_by_a_write_only_attribute(engine, lists, partition, headers):
    put(lists, partition, "a", pin="secret pin", Status=partition, At=1, Tag=partition)
    schema = item_schema({"properties": {"pin": {"writeOnly": True}}})
    accounts = service_with(engine, **SETTINGS, item_schema=schema)
    query = {"id": partition}
    responses = [
        accounts.get(f"/items/{partition}", headers=headers),
        accounts.get(f"/items/{partition}", query_string={"fields": "pin"}, headers=headers),
        accounts.get(f"/indexes/by-status/{partition}", headers=headers),
        accounts.post("/items:query", json=query, headers=headers),
    ]
    for response in responses:
        assert response.status_code == 200
        assert partition in response.text
        assert "secret pin" not in response.text
    whole = str(pages_of(accounts, "/items", headers=headers))
    assert partition in whole
    assert "secret pin" not in whole
    filtering = {
        "FilterExpression": "pin < :v",
        "ExpressionAttributeValues": {":v": {"S": "2"}},
    }
    response = accounts.post("/items:query", json={**query, **filtering})
    assert response.status_code == 422
    assert response.json["errors"] == [
        {
            "pointer": "",
            "detail": "the attribute pin is never returned, nor can an expression use it",
        }
    ]


def test_a_filter_leaves_items_out_and_counts_them(lists, partition):
    for number in range(6):
        put(lists, partition, f"n{number}", n=number, Status=partition, At=number)
    where = {"id": partition}
    index = {"index": "by-status", "value": partition}
    filtering = {
        "FilterExpression": "#n IN (:one, :five)",
        "ExpressionAttributeNames": {"#n": "n"},
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":five": {"N": "5"}},
    }
    for of in (where, index):
        found, evaluated, cursor = [], 0, {}
        while cursor is not None:
            response = lists.post("/items:query", json={**of, **filtering, **cursor, "limit": 2})
            assert response.status_code == 200, response.data
            found += [one["name"] for one in response.json["items"]]
            evaluated += response.json["evaluated"]
            cursor = {"cursor": response.json["next"]} if response.json["next"] else None
        assert (found, evaluated) == (["n1", "n5"], 6)


QUERIES = {
    "neither": ({}, "/id"),
    "both": ({"id": "1", "index": "by-tag", "value": "x"}, "/id"),
    "no value": ({"index": "by-tag"}, "/value"),
    "a value without an index": ({"id": "1", "value": "x"}, "/value"),
    "an unknown index": ({"index": "by-x", "value": "x"}, "/index"),
    "an invalid key": ({"id": "x"}, "/id"),
    "an unknown member": ({"id": "1", "x": 1}, "/x"),
    "a limit of 0": ({"id": "1", "limit": 0}, "/limit"),
    "a limit of 1001": ({"id": "1", "limit": 1001}, "/limit"),
    "a limit with a fraction": ({"id": "1", "limit": 1.5}, "/limit"),
    "a limit in a string": ({"id": "1", "limit": "2"}, "/limit"),
    "a negative limit": ({"id": "1", "limit": -2}, "/limit"),
    "a limit that is true": ({"id": "1", "limit": True}, "/limit"),
    "consistency as a number": ({"id": "1", "consistent_read": 1}, "/consistent_read"),
    "another order": ({"id": "1", "order": "up"}, "/order"),
    "two lower bounds": ({"id": "1", "gt": "a", "ge": "a"}, "/ge"),
    "a prefix and a bound": ({"id": "1", "prefix": "a", "lt": "b"}, "/prefix"),
    "a prefix of a number": ({"index": "by-status", "value": "x", "prefix": "1"}, "/prefix"),
    "a bound that is not a number": ({"index": "by-status", "value": "x", "gt": "a"}, "/gt"),
    "a bound without a sort key": ({"index": "by-tag", "value": "x", "gt": "a"}, "/gt"),
    "a key in a filter": (
        {
            "id": "1",
            "FilterExpression": "Id = :x",
            "ExpressionAttributeValues": {":x": {"N": "1"}},
        },
        "/FilterExpression",
    ),
    "a filter that its placeholders make too long": (
        {
            "id": "1",
            "FilterExpression": " AND ".join([".".join("a" * 31) + "<:v"] * 59),
            "ExpressionAttributeValues": {":v": {"N": "1"}},
        },
        "/FilterExpression",
    ),
    "values without a filter": (
        {"id": "1", "ExpressionAttributeValues": {":x": {"N": "1"}}},
        "/ExpressionAttributeValues/:x",
    ),
}


@pytest.mark.parametrize("limit", ["1", "1.0", "1e0", "0.1e1", "10e-1"])
def test_a_limit_is_any_number_without_a_fraction(lists, partition, limit):
    put(lists, partition, "a")
    put(lists, partition, "b")
    body = f'{{"id": "{partition}", "limit": {limit}}}'
    page = lists.post("/items:query", data=body, headers=JSON)
    assert [each["name"] for each in page.json["items"]] == ["a"]


@pytest.mark.parametrize("limit", ["1e1000000", "1e-1000000", "-1e99999999999999999999"])
def test_a_limit_with_a_huge_exponent_is_rejected_at_once(lists, limit):
    body = f'{{"id": "1", "limit": {limit}}}'
    began = time.process_time()
    response = lists.post("/items:query", data=body, headers=JSON)
    assert time.process_time() - began < 1
    assert [error["pointer"] for error in response.json["errors"]] == ["/limit"]


@pytest.mark.parametrize(("query", "pointer"), QUERIES.values(), ids=QUERIES)
def test_invalid_queries(lists, query, pointer):
    def request():
        response = lists.post("/items:query", json=query)
        assert response.status_code == 422
        assert response.json["title"] == "Invalid item, patch, batch or query"
        assert "stored" not in response.json["detail"]
        assert [error["pointer"] for error in response.json["errors"]] == [pointer]

    assert lists.calls_during(request) == []


PARAMETERS = {
    "limit=0": "?limit",
    "limit=1001": "?limit",
    "limit=1_0": "?limit",
    "limit=%201": "?limit",
    "limit=1&limit=2": "?limit",
    "order=up": "?order",
    "gt=a&ge=b": "?ge",
    "prefix=a&gt=b": "?prefix",
    "lt=": "?lt",
    "fields=": "?fields",
    "x=1": "?x",
    "consistent_read=1": "?consistent_read",
    "segment=0": "?segment",
}


@pytest.mark.parametrize(("parameters", "pointer"), PARAMETERS.items())
def test_invalid_parameters(lists, parameters, pointer):
    def request():
        response = lists.get(f"/items/1?{parameters}")
        assert response.status_code == 400
        assert [error["pointer"] for error in response.json["errors"]] == [pointer]

    assert lists.calls_during(request) == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/items?segment=0", 400),
        ("/items?segment=2&segments=2", 400),
        ("/items?segments=0&segment=0", 400),
        ("/items?order=asc", 400),
        ("/items/x", 400),
        ("/items/", 404),
        ("/items/1?cursor=", 400),
        ("/items/1?cursor=AAAA", 400),
        ("/indexes/by-x/1", 404),
        ("/indexes/by-tag/", 404),
        ("/indexes/by-tag", 404),
        ("/indexes/by-tag/x?consistent_read=true", 400),
        ("/indexes/by-tag/x?gt=a", 400),
        ("/indexes/by-status/x?prefix=1", 400),
    ],
)
def test_what_cannot_be_listed(lists, path, status):
    def request():
        assert lists.get(path).status_code == status

    assert lists.calls_during(request) == []


def test_a_list_is_one_call_of_the_declared_operation(lists, names):
    partition, _ = names
    assert lists.calls_during(lambda: lists.get(f"/items/{partition}?limit=2")) == ["Query"]
    assert lists.calls_during(lambda: lists.get("/items?limit=2")) == ["Scan"]
    assert lists.calls_during(lambda: lists.get("/indexes/by-tag/x")) == ["Query"]


def test_where_lists_are_off_nothing_of_them_shows(service):
    for path in ("/items", "/items/7", "/indexes/by-tag/x"):
        assert service.get(path).status_code == 404
    assert service.post("/items:query", json={"id": "7"}).status_code == 404
    document = service.get("/openapi.json").data
    for word in (b"Query", b"Scan", b"cursor", b"/indexes", b"Page", b"Link"):
        assert word not in document


@pytest.mark.parametrize("operation", [Operation.QUERY, Operation.SCAN])
def test_one_of_the_operations_alone(engine, operation):
    service = service_with(engine, operations=DEFAULT_OPERATIONS | {operation})
    status = {True: 200, False: 404}
    assert service.get("/items").status_code == status[operation is Operation.SCAN]
    assert service.get("/items/7").status_code == status[operation is Operation.QUERY]
    assert service.get("/items").headers["Content-Type"] == (
        "application/json" if operation is Operation.SCAN else "application/problem+json"
    )


def test_the_setting_caps_a_page(engine, names):
    partition, expected = names
    small = service_with(engine, **SETTINGS, max_page_size=3)
    pages = pages_of(small, f"/items/{partition}", limit=1000)
    assert names_of(pages) == expected
    assert max(len(page["items"]) for page in pages) == 3
    assert len(small.get(f"/items/{partition}").json["items"]) == 3


# Callers


@pytest.fixture(scope="module")
def callers(engine, lists, tmp_path_factory):
    """Return a service with callers, and the header of each: two tenants, a reader, a writer."""
    assert lists, "the table exists"
    file = tmp_path_factory.mktemp("keys") / "keys.toml"
    keys = {name: new_api_key(name) for name in ("one", "two", "reader", "writer")}
    both, write = '["items:read", "items:write"]', '["items:write"]'
    scopes = {"one": both, "two": both, "reader": both, "writer": write}
    tenants = {"one": 1001, "two": 1002}
    file.write_text(
        "".join(
            f'[{name}]\nsha256 = "{sha256}"\nscopes = {scopes[name]}\n'
            f"tenant = {tenants.get(name, 1003)}\n"
            for name, (_, sha256) in keys.items()
        )
    )
    headers = {name: {"X-API-Key": key} for name, (key, _) in keys.items()}
    service = service_with(
        engine,
        "/items/1001/connect",
        headers["one"],
        **SETTINGS,
        auth="api-key",
        api_keys_file=str(file),
        tenant_claim="tenant",
    )
    return service, headers


def test_a_tenant_lists_its_own_items_only(callers):
    service, headers = callers
    shared = uuid.uuid4().hex
    for number in range(6):
        name = "one" if number % 3 else "two"
        partition = {"one": 1001, "two": 1002}[name]
        body = json.dumps({"Status": shared, "At": number})
        response = service.put(
            f"/items/{partition}/{shared}{number}", headers={**JSON, **headers[name]}, data=body
        )
        assert response.status_code == 201
    own = pages_of(service, "/items/1001", headers["one"], prefix=shared)
    assert names_of(own) == [f"{shared}{number}" for number in (1, 2, 4, 5)]
    other = service.get("/items/1002", headers=headers["one"])
    assert other.status_code == 403
    assert other.json["detail"] == "This caller cannot access this partition of the table."
    assert service.get("/items", headers=headers["one"]).status_code == 403
    for name, expected in (("one", (1, 2, 4, 5)), ("two", (0, 3))):
        pages = pages_of(service, f"/indexes/by-status/{shared}", headers[name], limit=1)
        assert names_of(pages) == [f"{shared}{number}" for number in expected]
        assert all(page["evaluated"] == len(page["items"]) for page in pages)


def test_another_tenants_cursor_is_rejected(callers):
    service, headers = callers
    shared = uuid.uuid4().hex
    for number in range(2):
        service.put(
            f"/items/1001/{shared}{number}",
            headers={**JSON, **headers["one"]},
            data=json.dumps({"Status": shared, "At": number}),
        )
    path = f"/indexes/by-status/{shared}"
    cursor = service.get(f"{path}?limit=1", headers=headers["one"]).json["next"]
    assert cursor is not None
    assert service.get(f"{path}?cursor={cursor}", headers=headers["two"]).status_code == 400


def test_lists_require_the_scope_of_reads(callers):
    service, headers = callers
    for path in ("/items/1003", "/indexes/by-tag/x", "/items"):
        assert service.get(path, headers=headers["writer"]).status_code == 403
        assert service.get(path).status_code == 401
    query = service.post("/items:query", json={"id": "1003"}, headers=headers["writer"])
    assert query.status_code == 403
    assert service.post("/items:query", json={"id": "1003"}, headers=headers["reader"]).json == {
        "items": [],
        "next": None,
        "evaluated": 0,
    }
