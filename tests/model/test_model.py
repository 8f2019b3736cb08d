"""Random writes of every kind, with injected failures, compared with a model in plain Python.

One client at a time; ``tests/races`` has many at once.
"""

import json
import uuid

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.contract.conftest import JSON, Service, exact, service_with
from tests.engines import IS_SHORT
from tests.model.reference import (
    Attributes,
    Item,
    Preconditions,
    Rejected,
    increment,
    json_patch,
    merge_patch,
    same,
    unexpired,
)
from tests.wire import cut, lose_response, reject

TABLE = "my-dynamodb-table"
MERGE = {"Content-Type": "application/merge-patch+json"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
NATIVE = {"Content-Type": "application/vnd.dynamodb.update+json"}
ITEMS = 2
START = 1_800_000_000
EXAMPLES = 40 if IS_SHORT else 100
SOAK_EXAMPLES = 5000

names = st.sampled_from(["a", "b", "size", "map", "list"])
scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x", "é\u0000"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)
times = st.sampled_from(["never", 0, START - 1, START + 1, START + 2, START + 9, 10**15])
documents = st.builds(
    dict, st.dictionaries(names, values, max_size=3), expires=times
) | st.dictionaries(names, values, max_size=3)
paths = st.builds("/{}".format, names) | st.builds("/{}/{}".format, names, names | st.just("-"))
top_paths = st.builds("/{}".format, names)
operations = st.one_of(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "replace"]), "path": paths, "value": values}
    ),
    st.fixed_dictionaries({"op": st.just("remove"), "path": paths}),
    st.fixed_dictionaries({"op": st.just("test"), "path": paths, "value": scalars}),
    st.fixed_dictionaries(
        {"op": st.sampled_from(["copy", "move"]), "path": top_paths, "from": top_paths}
    ),
)
numbers = st.integers(0, ITEMS - 1)
faults = st.sampled_from(
    [None, None, None, None, lose_response, lose_response, cut, reject("ThrottlingException")]
)
tags = st.sampled_from(["none", "*", "current", "old", "old and current", "weak"])


class Clock:
    """The time of the service."""

    now: float = START

    def __call__(self) -> float:
        return self.now


class Machine(RuleBasedStateMachine):
    """Requests to a few items, each compared with the model."""

    service: Service
    dynamodb: object
    clock: Clock

    @initialize()
    def start(self) -> None:
        self.clock.now = START
        self.name = f"model-{uuid.uuid4().hex}"
        self.items = [Item() for _ in range(ITEMS)]
        self.service.engine.wire.heal()

    def teardown(self) -> None:
        self.service.engine.wire.heal()
        for n in range(ITEMS):  # moto copies its table for each transaction
            self.dynamodb.delete_item(TableName=TABLE, Key=self.key(n))

    # The writes

    @rule(n=numbers, document=documents, match=tags, none_match=tags, fault=faults)
    def put(self, n, document, match, none_match, fault):
        def model(_):
            return document

        self.write("put", n, JSON, document, model, match, none_match, fault)

    @rule(n=numbers, patch=documents, match=tags, none_match=tags, fault=faults)
    def merge(self, n, patch, match, none_match, fault):
        def model(before):
            if before is None:
                raise Rejected(404)
            return merge_patch(before, patch)

        self.write("patch", n, MERGE, patch, model, match, none_match, fault)

    @rule(
        n=numbers,
        patch=st.lists(operations, max_size=3),
        match=tags,
        none_match=tags,
        fault=faults,
    )
    def patch(self, n, patch, match, none_match, fault):
        def model(before):
            if before is None:
                raise Rejected(404)
            return json_patch(before, patch)

        self.write("patch", n, JSON_PATCH, patch, model, match, none_match, fault)

    @rule(
        n=numbers,
        name=names,
        amount=st.integers(-2, 2),
        only_new=st.booleans(),
        match=tags,
        none_match=tags,
        fault=faults,
    )
    def count(self, n, name, amount, only_new, match, none_match, fault):
        update = {
            "UpdateExpression": "ADD #n :amount",
            "ExpressionAttributeNames": {"#n": name},
            "ExpressionAttributeValues": {":amount": {"N": str(amount)}},
        }
        if only_new:
            update["ConditionExpression"] = "attribute_not_exists(#n)"

        def model(before):
            if only_new and name in (before or {}):
                raise Rejected(412)
            return increment(before, name, amount)

        self.write("patch", n, NATIVE, update, model, match, none_match, fault)

    @rule(n=numbers, value=st.integers(0, 9), fault=faults)
    def append(self, n, value, fault):
        before = self.items[n].attributes or {}
        if not isinstance(before.get("list", []), list):
            return  # ministack treats it as an empty list
        update = {
            "UpdateExpression": "SET #l = list_append(if_not_exists(#l, :none), :value)",
            "ExpressionAttributeNames": {"#l": "list"},
            "ExpressionAttributeValues": {
                ":none": {"L": []},
                ":value": {"L": [{"N": str(value)}]},
            },
        }

        def model(before):
            return {**(before or {}), "list": [*(before or {}).get("list", []), value]}

        self.write("patch", n, NATIVE, update, model, "none", "none", fault)

    @rule(n=numbers, match=tags, none_match=tags, fault=faults)
    def delete(self, n, match, none_match, fault):
        def model(_):
            return None

        self.write("delete", n, {}, None, model, match, none_match, fault)

    @rule(
        first=documents,
        patch=documents,
        amount=st.integers(1, 2),
        match=tags,
        fault=faults,
        kind=st.sampled_from(["merge", "count", "delete"]),
    )
    def batch(self, first, patch, amount, match, fault, kind):
        """A PUT of one item, and another write of a second one."""
        conditions = self.conditions(1, match, "none")
        key = [{"id": str(n), "name": self.name} for n in range(2)]
        second = {
            "merge": {"method": "PATCH", "patch": patch},
            "count": {
                "method": "PATCH",
                "update": {
                    "UpdateExpression": "ADD n :amount",
                    "ExpressionAttributeValues": {":amount": {"N": str(amount)}},
                },
            },
            "delete": {"method": "DELETE"},
        }[kind]
        if conditions.if_match is not None:
            second["ifMatch"] = conditions.headers["If-Match"]
        body = {
            "operations": [{"method": "PUT", **key[0], "item": first}, {**second, **key[1]}],
        }
        before = self.items[1].attributes
        after = [self.items[0].attributes, before]
        try:
            conditions.check(self.items[1].etag)
            if kind == "merge" and before is None:
                raise Rejected(404)  # noqa: TRY301 - as the model raises it
            second_after = {
                "merge": lambda: merge_patch(before, patch),
                "count": lambda: increment(before, "n", amount),
                "delete": lambda: None,
            }[kind]()
            expected, after = {200}, [first, second_after]
        except Rejected as rejection:
            expected = {rejection.status}
        response = self.send("post", "/items:batch", JSON, body, fault)
        self.settle([0, 1], response, expected, after)

    @rule(n=numbers, amount=st.integers(1, 2), repeats=st.integers(1, 3), fault=faults)
    def count_once(self, n, amount, repeats, fault):
        """The same request several times, with one Idempotency-Key."""
        update = {
            "UpdateExpression": "ADD n :amount",
            "ExpressionAttributeValues": {":amount": {"N": str(amount)}},
        }
        headers = {**NATIVE, "Idempotency-Key": str(uuid.uuid4())}
        after = increment(self.items[n].attributes, "n", amount)
        for _ in range(repeats):
            response = self.send("patch", self.path(n), headers, update, fault)
            if self.settle([n], response, {200}, [after]) and response.status_code == 200:
                assert same(self.visible(response), after)

    @rule(n=numbers, kind=st.sampled_from(["put", "add", "delete"]), value=st.integers(0, 1))
    def foreign_write(self, n, kind, value):
        """Another program writes the table without a version attribute."""
        dynamodb = self.dynamodb
        key = self.key(n)
        item = self.items[n]
        was_stored = "Item" in dynamodb.get_item(TableName=TABLE, Key=key)
        if kind == "put":
            dynamodb.put_item(TableName=TABLE, Item={**key, "a": {"N": str(value)}})
            after = {"a": value}
        elif kind == "add":
            dynamodb.update_item(
                TableName=TABLE,
                Key=key,
                UpdateExpression="SET #b = :v",
                ExpressionAttributeNames={"#b": "b"},
                ExpressionAttributeValues={":v": {"N": str(value)}},
            )
            after = {**(item.attributes or {}), "b": value}
            if item.attributes is None and was_stored:
                after = None  # it changes an item that stays expired
        else:
            dynamodb.delete_item(TableName=TABLE, Key=key)
            after = None
        self.look(n, after)

    @rule(seconds=st.sampled_from([0.5, 1, 3]))
    def wait(self, seconds):
        self.clock.now += seconds
        for n, item in enumerate(self.items):
            if item.attributes is not None and self.visible_now(item.attributes) is None:
                self.look(n, None)

    @rule(n=numbers)
    def read(self, n):
        etag = self.items[n].etag
        response = self.get(n, {"If-None-Match": etag or '"absent"'})
        assert response.status_code == (404 if etag is None else 304)

    # The comparison

    @property
    def now(self) -> float | None:
        """The moment by which items expire; None if none does."""
        return self.clock.now if self.service.settings.ttl_attribute else None

    def visible_now(self, attributes: Attributes | None) -> Attributes | None:
        return unexpired(attributes, self.now)

    def key(self, n: int) -> dict:
        return {"Id": {"N": str(n)}, "Name": {"S": self.name}}

    def path(self, n: int) -> str:
        return f"/items/{n}/{self.name}"

    def conditions(self, n: int, match: str, none_match: str) -> Preconditions:
        item = self.items[n]
        current = {item.etag} if item.etag else {'"absent"'}
        old = set(item.old_etags[-2:]) or {'"old"'}

        def choice(kind: str, *, weakly: bool):
            weak = current if weakly else {'"weak-tags-match-nothing"'}
            return {
                "none": None,
                "*": "*",
                "current": frozenset(current),
                "old": frozenset(old),
                "old and current": frozenset(old | current),
                "weak": frozenset(weak),
            }[kind]

        return Preconditions(choice(match, weakly=False), choice(none_match, weakly=True))

    def write(self, method, n, headers, body, model, match, none_match, fault):
        conditions = self.conditions(n, match, none_match)
        item = self.items[n]
        before = after = item.attributes
        try:
            conditions.check(item.etag)
            after = model(before)
            expected = {200}
            if method == "delete":
                expected = {204}
            elif method == "put" and before is None:
                # Where the response of a plain PUT was lost, nobody knows any more that it created.
                is_known = fault is not lose_response or conditions.if_none_match is not None
                expected = {201} if is_known else {200, 201}
            elif method == "put" and self.visible_now(after) is None and fault is lose_response:
                expected = {200, 201}  # the retry replaces what the first attempt made expire
        except Rejected as rejection:
            expected = {rejection.status}
            if (
                method == "delete"
                and match == "*"
                and before is None
                and fault in (lose_response, cut)
            ):
                # It is unknown whether the item existed: an absent one counts as deleted.
                expected.add(204)
        headers = {**headers, **conditions.headers}
        if none_match == "weak" and "If-None-Match" in headers:
            headers["If-None-Match"] = f"W/{headers['If-None-Match']}"
        response = self.send(method, self.path(n), headers, body, fault)
        was_done = self.settle([n], response, expected, [after])
        if was_done and response.status_code in (200, 201):
            assert same(self.visible(response), after)
            assert response.headers["ETag"] == (self.items[n].etag or response.headers["ETag"])

    def send(self, method, path, headers, body, fault):
        wire = self.service.engine.wire
        if fault is not None:
            wire.fault(fault, calls=1, when=lambda call: "Get" not in call.operation)
        try:
            data = None if body is None else json.dumps(body)
            return getattr(self.service, method)(path, headers=headers, data=data)
        finally:
            wire.heal()

    def settle(self, numbers, response, expected, after: list[Attributes | None]) -> bool:
        """Compare response and stored item with the model; return whether the write was applied."""
        status = response.status_code
        before = [self.items[n].attributes for n in numbers]
        if status == 504:
            assert response.json["outcome"] == "unknown"
            stored = [self.stored(n) for n in numbers]
            outcomes = [before, [self.visible_now(attributes) for attributes in after]]
            assert any(all(map(same, stored, possible)) for possible in outcomes)
            after = stored
        elif status == 503:
            after = before
        else:
            assert status in expected, response.data
        for n, attributes in zip(numbers, after, strict=True):
            self.look(n, attributes)
        return status in expected

    def look(self, n: int, attributes: Attributes | None) -> None:
        """Read an item and compare it with the model."""
        attributes = self.visible_now(attributes)
        response = self.get(n)
        item = self.items[n]
        if item.etag is not None:
            item.old_etags.append(item.etag)
        item.attributes, item.etag = attributes, response.headers.get("ETag")
        if item.etag in item.old_etags:
            item.old_etags.remove(item.etag)
        if attributes is None:
            assert response.status_code == 404
        else:
            assert response.status_code == 200
            assert same(self.visible(response), attributes)

    def stored(self, n: int) -> Attributes | None:
        response = self.get(n)
        return None if response.status_code == 404 else self.visible(response)

    def get(self, n: int, headers=None):
        return self.service.get(f"{self.path(n)}?consistent_read=true", headers=headers)

    @staticmethod
    def visible(response) -> Attributes:
        item = exact(response)
        return {name: value for name, value in item.items() if name not in ("Id", "Name")}


def check(engine, monkeypatch, examples: int, **changes) -> None:
    monkeypatch.setattr("dynamodb_items.dynamodb.retry_policy.FIRST_BACKOFF_SECONDS", 0.001)
    clock = Clock()
    members = {
        "service": service_with(engine, clock=clock, **changes),
        "dynamodb": engine.dynamodb,
        "clock": clock,
    }
    machine = type("Machine", (Machine,), members)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=12,
            deadline=None,
            derandomize=False,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
            print_blob=True,
        ),
    )


@pytest.mark.parametrize("ttl_attribute", ["", "expires"], ids=["lasting", "expiring"])
def test_no_sequence_of_writes_diverges_from_the_model(engine, monkeypatch, ttl_attribute):
    check(engine, monkeypatch, EXAMPLES, ttl_attribute=ttl_attribute)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("ttl_attribute", ["", "expires"], ids=["lasting", "expiring"])
def test_no_sequence_of_writes_diverges_in_a_long_time(engine, monkeypatch, ttl_attribute):
    check(engine, monkeypatch, SOAK_EXAMPLES, ttl_attribute=ttl_attribute)
