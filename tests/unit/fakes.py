"""A client that follows a script in place of DynamoDB, and what the tests build on it.

What the storage needs from the service is put together here and nowhere else.
"""

import re
from collections.abc import Mapping
from itertools import count
from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.keys import ItemKey, KeyAttribute, KeySchema
from dynamodb_items.domain.operations import Operation
from dynamodb_items.domain.time_to_live import NO_TIME_TO_LIVE, TimeToLive
from dynamodb_items.domain.write_tokens import WriteToken
from dynamodb_items.dynamodb.retries import Attempts
from dynamodb_items.storage.repository import ItemRepository

ALL_OPERATIONS = frozenset(Operation)
SCHEMA = KeySchema(KeyAttribute("Id", "N", 2048), KeyAttribute("Name", "S", 1024))
KEY = SCHEMA.key("7", "x")

LOST = ReadTimeoutError(endpoint_url="https://table")
"""The call was sent, and its response did not arrive."""
UNREACHABLE = ConnectTimeoutError(endpoint_url="https://table")
"""Nothing was sent."""


def item(key: ItemKey = KEY, **attributes: Any) -> dict[str, Any]:
    """Return the attributes of a stored item; a string is its attribute's S, an int its N."""
    return {**key.attributes, **{name: typed(value) for name, value in attributes.items()}}


def typed(value: Any) -> dict[str, Any]:
    match value:
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case list():
            return {"L": [typed(member) for member in value]}
        case _:
            return value


def failure(code: str, message: str = "", **members: Any) -> ClientError:
    """Return the exception of a call that DynamoDB rejects."""
    error = {"Error": {"Code": code, "Message": message}, **members}
    return ClientError(error, "Call")


def condition_failed(found: Mapping[str, Any] | None = None) -> ClientError:
    """Return the failure of a false condition; ``found`` is the stored item."""
    return failure("ConditionalCheckFailedException", **({"Item": found} if found else {}))


def canceled(*reasons: str | Mapping[str, Any]) -> ClientError:
    """Return the failure of a transaction; a reason is an error code, or an item that was found."""
    return failure(
        "TransactionCanceledException",
        CancellationReasons=[
            {"Code": reason}
            if isinstance(reason, str)
            else {"Code": "ConditionalCheckFailed", "Item": reason}
            for reason in reasons
        ],
    )


class Clock:
    """Time that only passes when somebody sleeps or the test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class ScriptedClient:
    """Ends each call with the next of a script: a response, an exception, or a function of one.

    A call beyond the script is an error of the test or a call too many.
    """

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.renewals: list[float] = []

    def call(self, operation, parameters, _deadline):
        self.calls.append((str(operation), parameters))
        assert self.outcomes, f"one call too many: {operation}"
        outcome = self.outcomes.pop(0)
        if callable(outcome):
            outcome = outcome(parameters)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def renew_credentials(self, timeout_seconds):
        self.renewals.append(timeout_seconds)

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The parameters of the calls as a person would write them, with no placeholders."""
        return [readable(parameters) for _, parameters in self.calls]


def calls_of(client: Any, *observer: Any, **settings: Any) -> Attempts:
    """Return what executes calls with retries."""
    return Attempts(client, Settings(**settings), *observer)


def repository_of(
    client: Any,
    version: str = "_version",
    operations: frozenset[Operation] = ALL_OPERATIONS,
    time_to_live: TimeToLive = NO_TIME_TO_LIVE,
    **settings: Any,
) -> ItemRepository:
    """Return a repository of the table "items" whose calls go to the client."""
    attempts = calls_of(client, **settings)
    return ItemRepository(attempts, "items", version, operations, time_to_live)


def written_by(write, *outcomes, version="_version", **settings):
    """Return what a write returns or raises, and the client with its calls."""
    client = ScriptedClient(*outcomes)
    try:
        result = repository_of(client, version, **settings).write(write)
    except Exception as error:  # noqa: BLE001 - the test looks at it
        result = error
    assert client.outcomes == [], "the whole script was followed"
    return result, client


def numbered_tokens(monkeypatch) -> None:
    """Make fresh write tokens t1, t2 and so on."""
    numbers = count(1)

    def fresh(cls):
        text = f"t{next(numbers)}"
        return cls(text, text)

    monkeypatch.setattr(WriteToken, "fresh", classmethod(fresh))


def readable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters whose expressions have names and values in place of placeholders."""
    names = parameters.get("ExpressionAttributeNames", {})
    values = parameters.get("ExpressionAttributeValues", {})
    used: set[str] = set()

    def written(match: re.Match[str]) -> str:
        placeholder = match[0]
        used.add(placeholder)
        return names[placeholder] if placeholder[0] == "#" else spelled(values[placeholder])

    request = dict(parameters)
    for member in ("ConditionExpression", "UpdateExpression"):
        if member in request:
            request[member] = re.sub(r"[#:]\w+", written, request[member])
    assert used == {*names, *values}, "DynamoDB rejects placeholders that are not used"
    for member in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        request.pop(member, None)
    return request


def spelled(value: Mapping[str, Any]) -> str:
    ((type_, content),) = value.items()
    match type_:
        case "L":
            return f"[{','.join(map(spelled, content))}]"
        case "S":
            return f"'{content}'"
        case _:
            return str(content)
