"""Requests that cost the most that a request of their form can cost, over every input.

Sizes are the greatest that the service, or the server in front of it, lets through.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dynamodb_items.web.request.query_schemas import MAX_PATHS

from tests.holds import batches, edits, heads, items, schemas, updates
from tests.holds.parts import BODY_BYTES, JSON_PATCH, KEY, MERGE, NATIVE, PLAIN, TYPED, legal_items

ITEM = "/items/7/x"
BATCH = "/items:batch"
BATCH_GET = "/items:batchGet"
PARTITION = "/items/7"
QUERY = "/items:query"
PUT = "/items:put"
ITEM_KEY = b'"id":"7","name":"x"'
SMALL = b"{%s}" % KEY


@dataclass(frozen=True)
class Case:
    """A request, and what the table has for every key."""

    name: str
    method: str
    path: str = ITEM
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    stored: bytes | None = SMALL
    conditions_hold: bool = True


def of_type(media_type: str, **more: str) -> tuple[tuple[str, str], ...]:
    fields = tuple((name.replace("_", "-"), value) for name, value in more.items())
    return (("Content-Type", media_type), *fields)


def put_cases() -> Iterator[Case]:
    for name, body in items.plain_bodies():
        yield Case(f"PUT {name}", "PUT", headers=of_type(PLAIN), body=body)


def merge_patch_cases() -> Iterator[Case]:
    for name, body in items.plain_bodies():
        yield Case(f"PATCH {name}", "PATCH", headers=of_type(MERGE), body=body)


def typed_cases() -> Iterator[Case]:
    for name, body in items.typed_bodies():
        yield Case(f"PUT typed {name}", "PUT", headers=of_type(TYPED), body=body)


def json_patch_cases() -> Iterator[Case]:
    stored = dict(legal_items())
    for name, body in updates.json_patches():
        for item in ('a list of {"N":"0"}', 'a list of {"L":[]}'):
            yield Case(
                f"JSON Patch {name} on {item}",
                "PATCH",
                headers=of_type(JSON_PATCH),
                body=body,
                stored=stored[item],
            )


def native_update_cases() -> Iterator[Case]:
    for name, body in updates.native_updates():
        yield Case(f"native {name}", "PATCH", headers=of_type(NATIVE), body=body)


def batch_cases() -> Iterator[Case]:
    for name, body in batches.batches():
        yield Case(f"batch {name}", "POST", BATCH, of_type(PLAIN), body)
        keys = body.replace(b'"operations"', b'"keys"', 1)
        yield Case(f"batchGet {name}", "POST", BATCH_GET, of_type(PLAIN), keys)

    for name, body in batches.typed_batches():
        yield Case(f"typed batch {name}", "POST", BATCH, of_type(TYPED), body)
    for name, body in batches.conditional_batches():
        yield Case(f"batch {name}", "POST", BATCH, of_type(PLAIN), body)


def native_route_cases() -> Iterator[Case]:
    """Expressions and items next to the item key in a JSON body."""
    removal = b'"UpdateExpression": "REMOVE a", '
    for name, body in updates.native_updates():
        condition = body.replace(removal, b"", 1)
        query = condition.replace(b"ConditionExpression", b"FilterExpression", 1)
        for path, key, members in (
            ("/items:update", ITEM_KEY, body),
            ("/items:delete", ITEM_KEY, condition),
            (QUERY, b'"id":"7"', query),
        ):
            content = b"{%s,%s" % (key, members[1:])
            yield Case(f"{path} {name}", "POST", path, of_type(PLAIN), content)
    for media_type, bodies in (
        (PLAIN, items.plain_bodies()),
        (TYPED, items.typed_bodies()),
    ):
        for name, body in bodies:
            content = b'{%s,"item":%s}' % (ITEM_KEY, body)
            yield Case(f"put {name} as {media_type}", "POST", PUT, of_type(media_type), content)
    fields = ",".join(f"{number:x}" for number in range(150_000)).encode()
    for path, members in ((BATCH_GET, b'"keys":[{%s}]' % ITEM_KEY), (QUERY, b'"id":"7"')):
        content = b'{%s,"fields":"%s"}' % (members, fields)
        yield Case(f"{path} of many fields", "POST", path, of_type(PLAIN), content)


def read_cases() -> Iterator[Case]:
    for name, item in legal_items():
        for media_type in (PLAIN, TYPED):
            accept = (("Accept", media_type),)
            yield Case(f"GET {name} as {media_type}", "GET", headers=accept, stored=item)
        keys = _members(b"", 10)
        yield Case(
            f"10 {name}",
            "POST",
            BATCH_GET,
            of_type(PLAIN),
            b'{"keys":[%s]}' % keys,
            item,
        )


def write_cases() -> Iterator[Case]:
    """Writes of an item, or over one, that is as large as it can be."""
    large_copy = b'[{"op":"copy","from":"/a","path":"/b"},{"op":"remove","path":"/b"}]'
    for (name, item), (_, sent) in zip(legal_items(), legal_items(BODY_BYTES), strict=True):
        writes = (
            ("a condition", "PUT", of_type(TYPED, If_Match='"a"'), sent),
            ("a put", "PUT", of_type(TYPED), sent),
            ("a put once", "PUT", of_type(TYPED, Idempotency_Key="a"), sent),
            ("a nested patch", "PATCH", of_type(PLAIN), b'{"b":{"c":0}}'),
            ("a copy", "PATCH", of_type(JSON_PATCH), large_copy),
            ("a native update", "PATCH", of_type(NATIVE), b'{"UpdateExpression":"REMOVE b"}'),
            ("a deletion", "DELETE", (("Prefer", "return=representation"),), b""),
        )
        for kind, method, headers, body in writes:
            yield Case(f"{kind} of {name}", method, ITEM, headers, body, item)
        headers = of_type(PLAIN, If_Match="*")
        yield Case(f"a false put over {name}", "PUT", ITEM, headers, b"{}", item, False)


def edit_cases() -> Iterator[Case]:
    """Plain writes over an item whose stored types they keep."""
    for name, stored, fingerprint, body in edits.edited_items():
        headers = of_type(PLAIN, If_Match=f'"{fingerprint}"')
        yield Case(f"PUT {name}", "PUT", ITEM, headers, body, stored)
        patch = b'{"b":{"c":0},%s' % body[1:]
        yield Case(f"PATCH {name}", "PATCH", ITEM, of_type(MERGE), patch, stored)


def transaction_cases() -> Iterator[Case]:
    for (name, item), (_, sent) in zip(legal_items(), legal_items(BODY_BYTES), strict=True):
        put = b'{"method":"PUT","id":"7","name":"x","item":%s}' % sent
        for kind, media_type, operations, hold in (
            ("a put", TYPED, put, True),
            ("patches", PLAIN, _members(b',"method":"PATCH","patch":{"b":{"c":0}}'), True),
            ("false puts", PLAIN, _members(b',"method":"PUT","item":{},"ifMatch":"*"'), False),
        ):
            yield Case(
                f"{kind} of {name} in a batch",
                "POST",
                BATCH,
                of_type(media_type, Prefer="return=representation"),
                b'{"operations":[%s]}' % operations,
                item,
                hold,
            )


def list_cases() -> Iterator[Case]:
    for name, item in legal_items():
        for media_type in (PLAIN, TYPED):
            accept = (("Accept", media_type),)
            yield Case(f"a page of {name} as {media_type}", "GET", PARTITION, accept, stored=item)
    dense = b'{%s,"a":{"L":[%s]}}' % (KEY, b",".join([b'{"N":"0"}'] * 500))
    paths = ",".join(f"a[{number}]" for number in range(MAX_PATHS))
    for path in ("/items", f"{PARTITION}?ge=a&lt=z", f"{PARTITION}?fields={paths}"):
        separator = "&" if "?" in path else "?"
        yield Case(
            f"1,000 items of {path[:30]}", "GET", f"{path}{separator}limit=1000", (), b"", dense
        )
    wide = b"{%s,%s}" % (KEY, b",".join(b'"%d":{"N":"0"}' % number for number in range(170)))
    names = ",".join(map(str, range(MAX_PATHS)))
    for path in (f"/items?fields={names}", "/items?segment=999999&segments=1000000"):
        yield Case(f"1,000 items of {path[:20]}", "GET", f"{path}&limit=1000", (), b"", wide)
    query = b'{"id":"7",%s' % _native_filter()
    for name, item in legal_items():
        yield Case(f"a filter of {name}", "POST", QUERY, of_type(PLAIN), query, item)
    for name, cursor in (("long", "A" * 8192), ("too long", "A" * 30_000)):
        yield Case(f"a {name} cursor", "GET", f"{PARTITION}?cursor={cursor}")
    for name, body in items.plain_bodies():
        yield Case(f"a query of {name}", "POST", QUERY, of_type(PLAIN), body)


def _native_filter() -> bytes:
    """Return a filter of nearly 300 operators."""
    condition = b" OR ".join(b"a%d = :v" % number for number in range(149))
    return b'"FilterExpression":"%s","ExpressionAttributeValues":{":v":{"N":"0"}}}' % condition


def head_cases() -> Iterator[Case]:
    for name, headers in heads.headers():
        for method, path in (("GET", ITEM), ("OPTIONS", ITEM), ("PUT", ITEM), ("GET", "/live")):
            body = b"{}" if method == "PUT" else b""
            yield Case(f"{method} {path} {name}", method, path, tuple(headers), body)
    for name, query in heads.queries():
        yield Case(f"GET ?{name}", "GET", f"{ITEM}?{query}")
        yield Case(f"PUT ?{name}", "PUT", f"{ITEM}?{query}", of_type(PLAIN), b"{}")
    for name, path in heads.paths():
        yield Case(f"GET {name}", "GET", path)


def schema_cases() -> Iterator[Case]:
    """Writes under an item schema."""
    for name, body in schemas.plain_bodies():
        yield Case(f"PUT {name}", "PUT", headers=of_type(PLAIN), body=body)
    for name, body in schemas.typed_bodies():
        yield Case(f"PUT typed {name}", "PUT", headers=of_type(TYPED), body=body)
        value = body.partition(b":")[2][:-1]
        update = b'{"UpdateExpression":"SET multiples = :v","ExpressionAttributeValues":{":v":%s}}'
        yield Case(f"native {name}", "PATCH", headers=of_type(NATIVE), body=update % value)
    merge = b'{"multiples":%s}' % b"[0.5,0.001]"
    yield Case("PATCH an invalid list", "PATCH", headers=of_type(MERGE), body=merge)
    patch = b'[{"op":"add","path":"/unknown","value":0}]'
    for name in ("multiples", "either", "choices", "bounds", "none"):
        members = b",".join([b'{"N":"0"}'] * 200_000)
        stored = b'{%s,"%s":{"L":[%s]}}' % (KEY, name.encode(), members)
        yield Case(f"JSON Patch of {name}", "PATCH", ITEM, of_type(JSON_PATCH), patch, stored)


def _members(more: bytes, count: int = 5) -> bytes:
    return b",".join(b'{"id":"7","name":"%d"%s}' % (number, more) for number in range(count))


GROUPS = {
    "items": put_cases,
    "merge patches": merge_patch_cases,
    "typed items": typed_cases,
    "JSON Patches": json_patch_cases,
    "native updates": native_update_cases,
    "batches": batch_cases,
    "native routes": native_route_cases,
    "reads": read_cases,
    "writes": write_cases,
    "edits": edit_cases,
    "transactions": transaction_cases,
    "lists": list_cases,
    "heads": head_cases,
    "schemas": schema_cases,
}
