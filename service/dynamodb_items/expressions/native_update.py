"""DynamoDB's own update form, checked as DynamoDB would and made part of a stamped update.

Everything that can be known without the stored item is rejected here, so that the response is the
same on every engine and costs no call.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from dynamodb_items.domain.errors import FieldError, UnacceptableItem
from dynamodb_items.domain.items import Attributes, AttributeValue
from dynamodb_items.expressions.builder import (
    MAX_EXPRESSION_BYTES,
    MAX_OPERATORS,
    Placeholders,
    fits,
    update_fits,
)
from dynamodb_items.expressions.condition_grammar import parse_condition
from dynamodb_items.expressions.parts import (
    Action,
    Bindings,
    ExpressionError,
    Template,
    is_in_parentheses,
    render,
)
from dynamodb_items.expressions.update_grammar import parse_update
from dynamodb_items.formats.limits import (
    MAX_ATTRIBUTE_NAME_BYTES,
    object_members,
    pointer_to,
    reject,
)
from dynamodb_items.formats.typed_json import values_from_typed

UPDATE, CONDITION = "UpdateExpression", "ConditionExpression"
NAMES, VALUES = "ExpressionAttributeNames", "ExpressionAttributeValues"
CONDITION_MEMBERS = (CONDITION, NAMES, VALUES)
_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")
_MAX_PLACEHOLDER_BYTES = 255
MAX_PLACEHOLDERS = 2 * MAX_EXPRESSION_BYTES // 3
"""More than two expressions have room for: the shortest placeholder takes two bytes, and something
stands between two of them.
"""
TOO_MANY_PLACEHOLDERS = f"has more than {MAX_PLACEHOLDERS:,} placeholders"


@dataclass(frozen=True, slots=True)
class NativeExpressions:
    """An update expression and its condition, with all that they refer to."""

    clauses: Mapping[str, list[Action]]
    """Empty where there is no UpdateExpression, which creates the item with its key alone."""
    condition: Template | None
    values: Mapping[str, AttributeValue]

    @property
    def only_removes(self) -> bool:
        """Whether the update has nothing to set, so that DynamoDB creates no item for it."""
        return bool(self.clauses) and not {"SET", "ADD"}.intersection(self.clauses)

    def update_expression(self, placeholders: Placeholders, assignments: list[str]) -> str:
        """Return the UpdateExpression, with more assignments in its SET clause; empty for none.

        Raises:
            UnacceptableItem: it grows over DynamoDB's limits.
        """
        actions = {
            clause: [
                render(action.template, placeholders, self.values)
                for action in self.clauses.get(clause, ())
            ]
            for clause in _CLAUSES
        }
        actions["SET"] += assignments
        text = " ".join(f"{clause} {','.join(each)}" for clause, each in actions.items() if each)
        if not update_fits(text):
            _reject_grown(UPDATE)
        return text

    def condition_expression(self, placeholders: Placeholders) -> str | None:
        """Return the ConditionExpression in parentheses, None where there is none."""
        if self.condition is None:
            return None
        return NativeCondition(self.condition, self.values).expression(placeholders)


@dataclass(frozen=True, slots=True)
class NativeCondition:
    """A condition expression, with the values that it refers to."""

    template: Template
    values: Mapping[str, AttributeValue]

    def expression(self, placeholders: Placeholders) -> str:
        """The ConditionExpression in parentheses."""
        text = render(self.template, placeholders, self.values)
        return text if is_in_parentheses(self.template) else f"({text})"


def check_condition(condition: str) -> None:
    """Reject a condition over DynamoDB's limits, of which the client's own is a part.

    Raises:
        UnacceptableItem: it is too long or has too many operators.
    """
    if not fits(condition):
        _reject_grown(CONDITION)


def native_expressions(
    body: Any, key: Attributes, own: tuple[str, ...], pointer: str = ""
) -> NativeExpressions:
    """Return the native update form of a parsed JSON body.

    ``key`` are the attributes that no update may change, ``own`` those that are the service's.

    Raises:
        UnacceptableItem: DynamoDB would reject it, or it changes an attribute that it may not.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
    """
    members = object_members(body, pointer)
    for name in members:
        if name not in (UPDATE, CONDITION, NAMES, VALUES):
            reject(
                pointer_to(pointer, name), f"is none of {UPDATE}, {CONDITION}, {NAMES}, {VALUES}"
            )
    values = _values(members, pointer)
    bindings = Bindings(_names(members, pointer), values)
    clauses = _parsed(parse_update, members, UPDATE, bindings, pointer) if UPDATE in members else {}
    _check_key_paths(bindings, key, pointer_to(pointer, UPDATE))
    condition = (
        _parsed(parse_condition, members, CONDITION, bindings, pointer)
        if CONDITION in members
        else None
    )
    _check_key_paths(bindings, key, pointer_to(pointer, CONDITION))
    _check_all_used(bindings, pointer)
    _check_targets(clauses, key, own, pointer_to(pointer, UPDATE))
    return NativeExpressions(clauses, condition, values)


def native_condition(body: Any, key: Attributes, pointer: str = "") -> NativeCondition | None:
    """Return the native condition of a parsed JSON body; None where the body has no expression.

    Raises:
        UnacceptableItem: DynamoDB would reject it, or a placeholder is not used.
    """
    members = object_members(body, pointer)
    for name in members:
        if name not in CONDITION_MEMBERS:
            reject(pointer_to(pointer, name), f"is none of {', '.join(CONDITION_MEMBERS)}")
    values = _values(members, pointer)
    bindings = Bindings(_names(members, pointer), values)
    template = (
        _parsed(parse_condition, members, CONDITION, bindings, pointer)
        if CONDITION in members
        else None
    )
    _check_key_paths(bindings, key, pointer_to(pointer, CONDITION))
    _check_all_used(bindings, pointer)
    return None if template is None else NativeCondition(template, values)


def _check_all_used(bindings: Bindings, pointer: str) -> None:
    for placeholder in bindings.unused:
        where = pointer_to(
            pointer_to(pointer, NAMES if placeholder[0] == "#" else VALUES), placeholder
        )
        reject(where, "is used in no expression")


def _parsed(
    parse: Any, members: Mapping[str, Any], name: str, bindings: Bindings, pointer: str
) -> Any:
    inside = pointer_to(pointer, name)
    text = members[name]
    if not isinstance(text, str):
        reject(inside, "must be a string")
    try:
        return parse(text, bindings)
    except ExpressionError as error:
        reject(inside, str(error))


def _check_key_paths(bindings: Bindings, key: Attributes, pointer: str) -> None:
    for attribute in key:
        if attribute in bindings.entered:
            reject(pointer, f"nothing is inside the key attribute {attribute}")


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


def _check_targets(
    clauses: Mapping[str, list[Action]], key: Attributes, own: tuple[str, ...], pointer: str
) -> None:
    for action in (action for actions in clauses.values() for action in actions):
        attribute = str(action.path[0])
        if attribute in key:
            reject(pointer, f"the key attribute {attribute} cannot be changed")
        if attribute in own:
            reject(pointer, f"the attribute {attribute} is the service's own")


def _reject_grown(name: str) -> NoReturn:
    detail = f"takes more than {MAX_EXPRESSION_BYTES:,} bytes or {MAX_OPERATORS} operators"
    raise UnacceptableItem(
        f"The {name} {detail} with what the service adds to it.",
        (FieldError(pointer_to("", name), detail),),
    )
