"""The members of a JSON body with the names and values that expressions use.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeNames.html
"""

from collections.abc import Mapping
from typing import Any

from dynamodb_items.domain.items import AttributeValue
from dynamodb_items.expressions.parts import MAX_EXPRESSION_BYTES, NAMES, VALUES, Bindings
from dynamodb_items.formats.limits import (
    MAX_ATTRIBUTE_NAME_BYTES,
    object_members,
    pointer_to,
    reject,
)
from dynamodb_items.formats.typed_json import values_from_typed

MAX_PLACEHOLDERS = 2 * MAX_EXPRESSION_BYTES // 3
"""More than two expressions have room for: the shortest placeholder takes two bytes, and another
byte separates it from the next.
"""
TOO_MANY_PLACEHOLDERS = f"has more than {MAX_PLACEHOLDERS:,} placeholders"
_MAX_PLACEHOLDER_BYTES = 255


def bindings_of(members: Mapping[str, Any], pointer: str) -> Bindings:
    """Return the names and values in the members of a JSON body.

    Raises:
        UnacceptableItem: DynamoDB would reject a placeholder or what it stands for.
    """
    values = _values(members, pointer)
    return Bindings(_names(members, pointer), values)


def _names(members: Mapping[str, Any], pointer: str) -> Mapping[str, str]:
    inside = pointer_to(pointer, NAMES)
    names: dict[str, str] = object_members(members.get(NAMES, {}), inside)
    _check_count(names, inside)
    for placeholder, name in names.items():
        _check_placeholder(placeholder, "#", inside)
        if not isinstance(name, str) or not name:
            reject(pointer_to(inside, placeholder), "must be an attribute's name")
        if len(name.encode()) > MAX_ATTRIBUTE_NAME_BYTES:
            reject(
                pointer_to(inside, placeholder),
                f"an attribute name is over {MAX_ATTRIBUTE_NAME_BYTES:,} bytes long",
            )
    return names


def _values(members: Mapping[str, Any], pointer: str) -> Mapping[str, AttributeValue]:
    inside = pointer_to(pointer, VALUES)
    values = object_members(members.get(VALUES, {}), inside)
    _check_count(values, inside)
    for placeholder in values:
        _check_placeholder(placeholder, ":", inside)
    return values_from_typed(values, inside)


def _check_count(placeholders: Mapping[str, Any], pointer: str) -> None:
    if len(placeholders) > MAX_PLACEHOLDERS:
        reject(pointer, TOO_MANY_PLACEHOLDERS)


def _check_placeholder(placeholder: str, mark: str, pointer: str) -> None:
    rest = placeholder[1:]
    is_name = rest.replace("_", "a").isalnum() and rest.isascii()
    if placeholder[:1] != mark or not is_name or len(placeholder) > _MAX_PLACEHOLDER_BYTES:
        reject(
            pointer_to(pointer, placeholder),
            f"a placeholder is {mark} and up to 254 letters, digits and underscores",
        )
