"""The result of an update expression for an item, computed here and not by DynamoDB.

Needed only where the result has to be judged before it is stored.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal, DecimalException
from typing import Any, assert_never

from dynamodb_items.domain.items import Attributes, AttributeValue
from dynamodb_items.domain.numbers import DYNAMODB_CONTEXT, canonical_number, parse_number
from dynamodb_items.expressions.parts import (
    Action,
    ExpressionError,
    IfNotExists,
    ListAppend,
    Literal,
    Path,
    Stored,
    Sum,
    ValueExpression,
)
from dynamodb_items.formats.limits import attributes_bytes, check_size


def evaluated(actions: Mapping[str, list[Action]], attributes: Attributes) -> Attributes:
    """Return the attributes of an item after an update, whose actions are given by clause.

    All operands have their values from before the update.

    Raises:
        ExpressionError: the update is invalid for this item, as it would be for DynamoDB.
        ItemTooLarge: the values that it assigns are over DynamoDB's 400 KB by themselves.
    """
    assigned = list(_assigned(actions, attributes))
    removed = [action.path for action in actions.get("REMOVE", ())]
    removed += [path for path, value in assigned if value is None]
    result = dict(attributes)
    changed = (*removed, *(path for path, _ in assigned))
    for name in {str(path[0]) for path in changed if len(path) > 1}:  # others are replaced whole
        if name in result:
            result[name] = _copied(result[name])
    # Elements after the end of a list are appended in the order of their indexes.
    for path, value in sorted(assigned, key=lambda each: _index(each[0])):
        if value is not None:
            _assign(result, path, value)
    # What is inside an element first, then the last index of a list first: each removal moves the
    # elements after it.
    for path in sorted(removed, key=lambda each: (len(each), _index(each)), reverse=True):
        _remove(result, path)
    return result


def _assigned(
    actions: Mapping[str, list[Action]], attributes: Attributes
) -> Iterator[tuple[Path, AttributeValue | None]]:
    """Yield the paths that are assigned, with their new values; None for one to remove."""
    size_bytes = 0
    for clause in ("SET", "ADD", "DELETE"):
        for action in actions.get(clause, ()):
            value = _changed(clause, action, attributes)
            if value is not None:
                # Each action can copy the whole item.
                size_bytes += attributes_bytes({"": value})
                check_size(size_bytes)
            yield action.path, value


def _changed(clause: str, action: Action, attributes: Attributes) -> AttributeValue | None:
    """Return the value that an action leaves at its path; None to remove it."""
    value = _value(action.value, attributes)
    if clause == "SET":
        return value
    before = _at(attributes, action.path)
    if before is None:
        return value if clause == "ADD" else None
    ((type_, content),) = value.items()
    if type_ not in before:
        raise ExpressionError("the stored value has a different type")
    if type_ == "N":
        return _sum("+", before, value)
    members = dict.fromkeys(before[type_])
    if clause == "ADD":
        return {type_: [*members, *(each for each in content if each not in members)]}
    deleted = frozenset(content)
    left = [each for each in members if each not in deleted]
    return {type_: left} if left else None


def _value(operand: ValueExpression | None, attributes: Attributes) -> AttributeValue:
    match operand:
        case Literal(value):
            return value
        case Stored(path):
            found = _at(attributes, path)
            if found is None:
                raise ExpressionError(f"{path[0]} is absent")
            return found
        case IfNotExists(paths, otherwise):
            known = (_at(attributes, path) for path in paths)
            first = next((value for value in known if value is not None), None)
            return _value(otherwise, attributes) if first is None else first
        case ListAppend(first, second):
            lists = [_value(each, attributes) for each in (first, second)]
            if not all("L" in each for each in lists):
                raise ExpressionError("list_append needs lists")
            return {"L": [*lists[0]["L"], *lists[1]["L"]]}
        case Sum(sign, first, second):
            return _sum(sign, _value(first, attributes), _value(second, attributes))
        case None:
            raise ExpressionError("the action has no value")
        case _:
            assert_never(operand)


def _sum(sign: str, first: AttributeValue, second: AttributeValue) -> AttributeValue:
    if "N" not in first or "N" not in second:
        raise ExpressionError(f"{sign} needs numbers")
    numbers: list[Decimal] = [parse_number(each["N"]) for each in (first, second)]
    combine = DYNAMODB_CONTEXT.add if sign == "+" else DYNAMODB_CONTEXT.subtract
    try:
        return {"N": canonical_number(combine(*numbers))}
    except (DecimalException, ValueError):
        raise ExpressionError("the result exceeds DynamoDB's limits of numbers") from None


def _at(attributes: Attributes, path: Path) -> AttributeValue | None:
    """Return the value at a path, None for an absent one."""
    value: AttributeValue | None = {"M": attributes}
    for part in path:
        value = None if value is None else _member(value, part)
    return value


def _member(value: AttributeValue, part: str | int) -> AttributeValue | None:
    if isinstance(part, str):
        member: AttributeValue | None = value.get("M", {}).get(part)
        return member
    elements = value.get("L", ())
    return elements[part] if part < len(elements) else None


def _container(attributes: Attributes, path: Path) -> Any:
    """Return the map or list that contains a path's last part.

    Raises:
        ExpressionError: the item has none there.
    """
    around = _at(attributes, path[:-1])
    type_ = "M" if isinstance(path[-1], str) else "L"
    if around is None or type_ not in around:
        raise ExpressionError(f"the path into {path[0]} does not exist")
    return around[type_]


def _assign(attributes: dict[str, AttributeValue], path: Path, value: AttributeValue) -> None:
    inside, part = _container(attributes, path), path[-1]
    if isinstance(part, int) and part >= len(inside):
        inside.append(value)
    else:
        inside[part] = value


def _remove(attributes: dict[str, AttributeValue], path: Path) -> None:
    inside, part = _container(attributes, path), path[-1]
    if isinstance(part, str):
        inside.pop(part, None)
    elif part < len(inside):
        del inside[part]


def _index(path: Path) -> int:
    return path[-1] if isinstance(path[-1], int) else -1


def _copied(value: AttributeValue) -> AttributeValue:
    """Return a copy whose maps and lists can be changed."""
    if "M" in value:
        return {"M": {name: _copied(member) for name, member in value["M"].items()}}
    if "L" in value:
        return {"L": [_copied(member) for member in value["L"]]}
    return value
