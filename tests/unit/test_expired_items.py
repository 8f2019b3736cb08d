"""The service on a table that keeps expired items, compared with one that deletes them in time.

Both carry out the same random writes at the same moments: they must have the same results.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.errors import (
    IdempotencyKeyReused,
    ItemsError,
    OperationsRejected,
    PreconditionFailed,
)
from dynamodb_items.domain.items import Item
from dynamodb_items.domain.operations import Operation
from dynamodb_items.domain.preconditions import ANY_ITEM, Precondition
from dynamodb_items.domain.time_to_live import TimeToLive
from dynamodb_items.domain.write_tokens import WriteToken
from dynamodb_items.expressions.native_update import native_condition, native_expressions
from dynamodb_items.formats.json_patch import item_patch
from dynamodb_items.formats.merge_patch import merge_changes
from dynamodb_items.storage.write_commands import (
    Check,
    Delete,
    Edit,
    NativeUpdate,
    Put,
    Update,
    Write,
    Written,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.unit.engine import MemoryEngine
from tests.unit.fakes import ALL_OPERATIONS, SCHEMA, repository_of

OWN = ("_version", "_version_log")
KEYS = [SCHEMA.key(str(number), "x") for number in range(2)]
START = 1_800_000_000.25
CENTURY = 3_155_760_000

Attributes = Mapping[str, Any]


@dataclass
class Time:
    """The clock of both services."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Side:
    """One of the two services, and the items that its client has seen."""

    engine: MemoryEngine
    time_to_live: TimeToLive
    version: str
    operations: frozenset[Operation]
    seen: dict[int, list[Item]] = field(default_factory=lambda: {0: [], 1: []})

    def __post_init__(self) -> None:
        self.repository = repository_of(
            self.engine, self.version, self.operations, self.time_to_live
        )

    def look(self, number: int) -> Attributes | None:
        """Read an item; remember it as its client would."""
        (item,) = self.repository.transactions.get([KEYS[number]])
        if item is not None:
            self.seen[number].append(item)
        return visible(item)

    def precondition(self, kind: str, number: int) -> Precondition:
        seen = self.seen[number]
        match kind:
            case "none":
                return Precondition()
            case "exists":
                return Precondition(if_match=ANY_ITEM)
            case "absent":
                return Precondition(if_none_match=ANY_ITEM)
            case "last seen":
                return Precondition(if_match=frozenset({seen[-1].fingerprint if seen else "-"}))
            case "not last seen":
                tags = frozenset({seen[-1].fingerprint if seen else "-"})
                return Precondition(if_none_match=tags)
        raise AssertionError(kind)


def visible(item: Item | None) -> Attributes | None:
    if item is None:
        return None
    return {name: value for name, value in item.attributes.items() if name not in OWN}


def result_of(action: Callable[[], Any]) -> Any:
    """Return what the client learns of a request."""
    try:
        return action()
    except OperationsRejected as rejection:
        return [(index, *told_of(error)) for index, error in rejection.rejected]
    except ItemsError as error:
        return told_of(error)


def told_of(error: ItemsError) -> tuple[str, Any]:
    found = error.current if isinstance(error, PreconditionFailed) else None
    return type(error).__name__, visible(Item(found) if found else None)


def written(result: Written) -> Any:
    """Return what the response to a write contains: without an item there is no 201."""
    return visible(result.item), result.item is not None and result.created


# The writes


def native(update: str | None, condition: str | None, expires: Any) -> Any:
    body: dict[str, Any] = {"UpdateExpression": update, "ConditionExpression": condition}
    body = {name: text for name, text in body.items() if text is not None}
    values = {":n": {"N": "1"}, ":e": expires}
    text = f"{update} {condition}"
    used = {name: value for name, value in values.items() if name in text}
    if used:
        body["ExpressionAttributeValues"] = used
    return native_expressions(body, KEYS[0].attributes, OWN)


CONDITIONS = {
    None: None,
    "absent": "attribute_not_exists(Id)",
    "exists": "attribute_exists(Id) AND NOT expires = :n",
    "n is 1": "n = :n OR m[0].n = :n",
    "n is not 1": "n <> :n",
    "no n": "NOT attribute_exists(n) AND NOT contains(m, :n)",
}


def condition(name: str | None) -> Any:
    text = CONDITIONS[name]
    body = {"ConditionExpression": text}
    if text is not None and ":n" in text:
        body["ExpressionAttributeValues"] = {":n": {"N": "1"}}
    return None if text is None else native_condition(body, KEYS[0].attributes)


def json_patch(number: int, expires: Any) -> Callable[[Item], Any]:
    operations = [{"op": "add", "path": "/j", "value": "1"}]
    if "N" in expires:
        operations.append({"op": "test", "path": "/j", "value": "1"})
    return item_patch(operations, KEYS[number].attributes, OWN).changes_of


NATIVE_UPDATES = {
    "count": "ADD n :n SET expires = if_not_exists(expires, :e)",
    "touch": "SET expires = :e, n = if_not_exists(n, :n)",
    "copy": "SET k = n",
    "remove": "REMOVE n",
}
MAKERS: Mapping[str, Callable[[int, Any, str | None, Precondition], Write]] = {
    "put": lambda at, expires, named, when: Put(
        KEYS[at], {"n": {"N": "1"}, "expires": expires}, when, condition(named)
    ),
    "put forever": lambda at, _, named, when: Put(
        KEYS[at], {"m": {"L": []}}, when, condition(named)
    ),
    "update": lambda at, expires, _, when: Update(
        KEYS[at], Changes({"expires": expires}, ("n",)), when
    ),
    "merge": lambda at, _, __, when: Edit(
        KEYS[at], lambda item: merge_changes(item, {"d": {"a": "1"}, "n": None}), when
    ),
    "json patch": lambda at, expires, _, when: Edit(KEYS[at], json_patch(at, expires), when),
    "delete": lambda at, _, named, when: Delete(KEYS[at], when, condition(named)),
    **{
        name: lambda at, expires, named, when, update=update: NativeUpdate(
            KEYS[at], native(update, CONDITIONS[named], expires), when
        )
        for name, update in NATIVE_UPDATES.items()
    },
}
CHECK = {
    "check": lambda at, _, named, when: Check(
        KEYS[at], when, condition(named or ("absent" if not when else None))
    )
}

# Most steps are for one item that expires with the next second.
numbers = st.sampled_from([0, 0, 0, 1])
times = st.sampled_from([1, 1, 1, 1, 2, 2.5, 100, "never", "later", 0, -1, -CENTURY])
waits = st.sampled_from([1, 1, 1, 0.5, 2, 60, 700])
preconditions = st.sampled_from(
    ["none", "none", "none", "none", "exists", "absent", "last seen", "not last seen"]
)
conditions = st.sampled_from([None] * 4 + [name for name in CONDITIONS if name])
writes = st.tuples(st.sampled_from([*MAKERS]), numbers, times, conditions, preconditions)
members = st.tuples(st.sampled_from([*MAKERS, *CHECK]), times, conditions, preconditions)
EXPIRING = ("write", ("put", 0, 1, None, "none"))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), writes),
        st.tuples(st.just("write"), writes),
        st.tuples(st.just("write once"), writes),
        st.tuples(st.just("repeat"), st.integers(0, 3)),
        st.tuples(st.just("batch"), st.tuples(members, members)),
        st.tuples(st.just("batch once"), st.tuples(members, members)),
        st.tuples(st.just("wait"), waits),
        st.tuples(st.just("wait"), waits),
        st.tuples(st.just("look"), numbers),
    ),
    min_size=2,
    max_size=12,
)


class Requests:
    """The requests of one side: made of the same steps, for what its own client has seen."""

    def __init__(self, side: Side, time: Time) -> None:
        self._side = side
        self._time = time
        self._sent: list[Callable[[], Any]] = []

    def carry_out(self, step: tuple[str, Any], number: int) -> Any:
        kind, content = step
        match kind:
            case "write":
                write = self._write(*content)
                return result_of(lambda: written(self._side.repository.write(write)))
            case "write once":
                return self._once([self._write(*content)], number)
            case "batch":
                batch = self._batch(content)
                transactions = self._side.repository.transactions
                return result_of(lambda: [written(each) for each in transactions.write(batch)])
            case "batch once":
                return self._once(self._batch(content), number)
            case "repeat":
                return result_of(self._sent[content]) if content < len(self._sent) else None
            case "look":
                return self._side.look(content)
        return None

    def _batch(self, content: Any) -> list[Write]:
        return [self._write(kind, at, *rest) for at, (kind, *rest) in enumerate(content)]

    def _write(self, kind: str, at: int, expires: Any, named: str | None, when: str) -> Write:
        if expires == "never":
            value = {"S": str(int(START))}
        elif expires == "later":
            value = {"N": "1E+20"}
        else:
            value = {"N": str(int(self._time.now) + expires)}
        maker = {**MAKERS, **CHECK}[kind]
        return maker(at, value, named, self._side.precondition(when, at))

    def _once(self, batch: list[Write], number: int) -> Any:
        token = WriteToken.of_request((str(number),), ())
        transactions = self._side.repository.transactions

        def send() -> Any:
            results = transactions.read_back(batch, transactions.write(batch, token))
            return [
                written(each)
                for write, each in zip(batch, results, strict=True)
                if not isinstance(write, Delete)
            ]

        self._sent.append(send)
        return result_of(send)


@pytest.mark.parametrize("version", ["_version", ""])
@examples(300)
@given(steps=steps)
def test_the_service_behaves_as_if_dynamodb_deleted_each_item_at_its_second(version, steps):
    time = Time()
    sides = [
        Side(MemoryEngine(time), TimeToLive("expires", time), version, ALL_OPERATIONS),
        Side(MemoryEngine(time, "expires"), TimeToLive(""), version, ALL_OPERATIONS),
    ]
    requests = [Requests(side, time) for side in sides]
    for number, step in enumerate([EXPIRING, *steps]):
        if step[0] == "wait":
            time.now += step[1]
        results = [side.carry_out(step, number) for side in requests]
        assert results[0] == results[1], step
        for at in range(2):
            assert sides[0].look(at) == sides[1].look(at), step


def test_without_deletions_an_update_repeated_after_its_item_expired_is_not_applied_again():
    time = Time()
    operations = ALL_OPERATIONS - {Operation.DELETE_ITEM}
    engine = MemoryEngine(time)
    side = Side(engine, TimeToLive("expires", time), "_version", operations)
    body = {
        "UpdateExpression": "ADD n :n SET expires = :e",
        "ExpressionAttributeValues": {":n": {"N": "1"}, ":e": {"N": str(int(START) + 60)}},
    }
    expressions = native_expressions(body, KEYS[0].attributes, OWN)
    write = NativeUpdate(KEYS[0], expressions)
    token = WriteToken.of_request(("once",), ())

    def send() -> Written:
        return side.repository.transactions.write_once(write, token)

    send()
    time.now += 90
    with pytest.raises(IdempotencyKeyReused):
        send()
