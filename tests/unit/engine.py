"""A DynamoDB in memory, with the part of its expressions that these tests send.

It never deletes an expired item, as DynamoDB may not for days, or deletes each at its second.
"""

import copy
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from tests.unit.fakes import condition_failed, failure

TOKEN_SECONDS = 600
NO_SUCH_ATTRIBUTE = "The provided expression refers to an attribute that does not exist in the item"
WRONG_TYPE = "An operand in the update expression has an incorrect data type"
_TOKENS = re.compile(r"#\w+|:\w+|<=|>=|<>|[=<>(),.+-]|\[\d+\]|\w+")
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}

Attributes = dict[str, Any]


class MemoryEngine:
    """The calls of a client, on items in memory; ``clock`` returns the seconds since 1970."""

    def __init__(self, clock: Callable[[], float], expires: str = "") -> None:
        self.items: dict[str, Attributes] = {}
        self.calls: list[str] = []
        self._clock = clock
        self._expires = expires
        """The attribute by which items are deleted at their second; empty: none is deleted."""
        self._tokens: dict[str, tuple[float, str]] = {}

    def renew_credentials(self, timeout_seconds: float) -> None:
        raise AssertionError(f"no call needs other credentials within {timeout_seconds} s")

    def call(self, operation, parameters, _deadline):
        self._delete_expired()
        self.calls.append(str(operation))
        match str(operation):
            case "GetItem":
                stored = self.items.get(_spelled(parameters["Key"]))
                return {} if stored is None else {"Item": copy.deepcopy(stored)}
            case "TransactGetItems":
                keys = [_spelled(get["Get"]["Key"]) for get in parameters["TransactItems"]]
                found = [self.items.get(key) for key in keys]
                return {"Responses": [{"Item": each} if each else {} for each in found]}
            case "TransactWriteItems":
                return self._transact(parameters)
            case name:
                key, after = self._checked(name.removesuffix("Item"), parameters)
                return self._store(key, after, parameters.get("ReturnValues", "NONE"))

    def _delete_expired(self) -> None:
        for key, item in list(self.items.items()):
            expires = item.get(self._expires, {}).get("N")
            if expires is not None and Decimal(expires) <= int(self._clock()):
                del self.items[key]

    def _store(self, key: str, after: Attributes | None, returned: str) -> dict[str, Any]:
        before = self.items.pop(key, None)
        if after is not None:
            self.items[key] = after
        attributes = {"ALL_OLD": before, "ALL_NEW": after}.get(returned)
        return {"Attributes": copy.deepcopy(attributes)} if attributes else {}

    def _transact(self, parameters) -> dict[str, Any]:
        token, sent = parameters["ClientRequestToken"], json.dumps(parameters, default=str)
        at, known = self._tokens.get(token, (-TOKEN_SECONDS, sent))
        if self._clock() - at < TOKEN_SECONDS:
            if known != sent:
                raise failure("IdempotentParameterMismatchException")
            return {}
        done, reasons = [], []
        for member in parameters["TransactItems"]:
            ((name, operation),) = member.items()
            try:
                done.append(self._checked(name, operation))
                reasons.append({"Code": "None"})
            except ClientError as error:
                reasons.append(_reason(error.response))
        if len(done) < len(reasons):
            raise failure("TransactionCanceledException", CancellationReasons=reasons)
        for key, item in done:
            self._store(key, item, "NONE")
        self._tokens[token] = (self._clock(), sent)
        return {}

    def _checked(self, name: str, parameters) -> tuple[str, Attributes | None]:
        """Return the item's key, and the item after the operation."""
        key_attributes = parameters.get("Key") or {
            name: parameters["Item"][name] for name in ("Id", "Name")
        }
        key = _spelled(key_attributes)
        before = self.items.get(key)
        condition = parameters.get("ConditionExpression")
        if condition and not _Expression(condition, parameters, before or {}).holds():
            raise condition_failed(copy.deepcopy(before))
        match name:
            case "Put":
                return key, dict(parameters["Item"])
            case "Delete":
                return key, None
            case "ConditionCheck":
                return key, before
        after = copy.deepcopy(before or dict(key_attributes))
        _Expression(parameters["UpdateExpression"], parameters, before or {}).change(after)
        return key, after


def _reason(response: Mapping[str, Any]) -> Mapping[str, Any]:
    error = response["Error"]
    if error["Code"] == "ValidationException":
        return {"Code": "ValidationError", "Message": error["Message"]}
    found = {"Item": response["Item"]} if "Item" in response else {}
    return {"Code": "ConditionalCheckFailed", **found}


def _spelled(key: Mapping[str, Any]) -> str:
    return json.dumps(key, sort_keys=True)


class _Expression:
    """A condition or an update, evaluated for one item."""

    def __init__(self, text: str, parameters, item: Attributes) -> None:
        self._tokens = [*_TOKENS.findall(text), ""]
        self._names = parameters.get("ExpressionAttributeNames", {})
        self._values = parameters.get("ExpressionAttributeValues", {})
        self._item = item

    # Conditions

    def holds(self) -> bool:
        result = self._any()
        assert self._tokens == [""], self._tokens
        return result

    def _any(self) -> bool:
        result = self._all()
        while self._take("OR"):
            result = self._all() or result
        return result

    def _all(self) -> bool:
        result = self._term()
        while self._take("AND"):
            result = self._term() and result
        return result

    def _term(self) -> bool:
        if self._take("NOT"):
            return not self._term()
        if self._take("("):
            result = self._any()
            self._expect(")")
            return result
        if self._tokens[1] == "(":
            return self._function(self._next())
        left = self._operand()
        comparator = self._next()
        right = self._operand()
        if comparator in ("=", "<>"):
            return (left == right) == (comparator == "=")
        if left is None or right is None or left.keys() != right.keys():
            return False
        return _COMPARED[comparator](_ordered(left), _ordered(right))

    def _function(self, name: str) -> bool:
        first, *rest = self._arguments()
        match name:
            case "attribute_exists":
                return first is not None
            case "attribute_not_exists":
                return first is None
            case "attribute_type":
                return first is not None and rest[0]["S"] in first
            case "begins_with":
                return first is not None and first.get("S", "").startswith(rest[0]["S"])
            case "contains":
                return first is not None and rest[0] in first.get("L", [])
        raise AssertionError(name)

    def _arguments(self) -> list[Any]:
        self._expect("(")
        arguments = [self._operand()]
        while self._take(","):
            arguments.append(self._operand())
        self._expect(")")
        return arguments

    # Updates

    def change(self, after: Attributes) -> None:
        while clause := self._next():
            while True:
                path = self._path()
                if clause == "SET":
                    self._expect("=")
                    _put(after, path, self._needed())
                elif clause == "ADD":
                    value, before = self._needed(), _get(self._item, path) or {"N": "0"}
                    if "N" not in before:
                        raise failure("ValidationException", WRONG_TYPE)
                    _put(after, path, {"N": str(Decimal(before["N"]) + Decimal(value["N"]))})
                else:
                    _remove(after, path)
                if not self._take(","):
                    break

    def _needed(self) -> Any:
        value = self._value()
        if value is None:
            raise failure("ValidationException", NO_SUCH_ATTRIBUTE)
        return value

    def _value(self) -> Any:
        if self._tokens[1] != "(":
            return self._operand()
        function = self._next()
        self._expect("(")
        first = self._value()
        self._expect(",")
        second = self._value()
        self._expect(")")
        if function == "if_not_exists":
            return second if first is None else first
        return {"L": [*first["L"], *second["L"]]}

    # Paths and values

    def _operand(self) -> Any:
        if self._tokens[0][0] == ":":
            return self._values[self._next()]
        return _get(self._item, self._path())

    def _path(self) -> list[str | int]:
        path: list[str | int] = [self._names[self._next()]]
        while True:
            if self._take("."):
                path.append(self._names[self._next()])
            elif self._tokens[0][:1] == "[":
                path.append(int(self._next()[1:-1]))
            else:
                return path

    def _next(self) -> str:
        return self._tokens.pop(0)

    def _take(self, token: str) -> bool:
        return self._tokens[0] == token and bool(self._next())

    def _expect(self, token: str) -> None:
        found = self._next()
        assert found == token, f"{token} was expected, not {found}"


def _ordered(value: Mapping[str, Any]) -> Any:
    ((type_, content),) = value.items()
    return Decimal(content) if type_ == "N" else content


def _get(item: Attributes, path: list[str | int]) -> Any:
    value: Any = {"M": item}
    for part in path:
        inside = value.get("M" if isinstance(part, str) else "L")
        exists = inside is not None and (
            part in inside if isinstance(part, str) else part < len(inside)
        )
        if not exists:
            return None
        value = inside[part]
    return value


def _put(item: Attributes, path: list[str | int], value: Any) -> None:
    (name,) = path
    item[name] = value


def _remove(item: Attributes, path: list[str | int]) -> None:
    if len(path) == 1:
        item.pop(path[0], None)
    else:
        name, index = path
        if index < len(item.get(name, {}).get("L", [])):
            del item[name]["L"][index]
