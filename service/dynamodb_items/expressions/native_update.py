"""DynamoDB's own form of updates and conditions, checked as DynamoDB checks it.

Every error that is known without the stored item is reported here: the response is then the same on
every engine and costs no call.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from dynamodb_items.domain.errors import FieldError, UnacceptableItem
from dynamodb_items.domain.items import Attributes, Item
from dynamodb_items.expressions.builder import clauses
from dynamodb_items.expressions.condition_grammar import parse_condition
from dynamodb_items.expressions.evaluation import evaluated
from dynamodb_items.expressions.parts import (
    CONDITION,
    FILTER,
    MAX_EXPRESSION_BYTES,
    MAX_OPERATORS,
    NAMES,
    UPDATE,
    VALUES,
    Action,
    Bindings,
    ExpressionError,
    Literal,
    Path,
    Template,
    fits,
    is_in_parentheses,
)
from dynamodb_items.expressions.placeholder_members import bindings_of
from dynamodb_items.expressions.update_grammar import parse_update
from dynamodb_items.formats.limits import object_members, pointer_to, reject
from dynamodb_items.formats.merge_patch import PatchResult, changes_between

CONDITION_MEMBERS = (CONDITION, NAMES, VALUES)
UPDATE_MEMBERS = (UPDATE, *CONDITION_MEMBERS)
FILTER_MEMBERS = (FILTER, NAMES, VALUES)
_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")

NativeCondition: TypeAlias = Template
"""A client's condition expression, in parentheses."""


@dataclass(frozen=True, slots=True)
class NativeExpressions:
    """A client's update expression and its condition."""

    actions: Mapping[str, list[Action]]
    """The actions by clause; none without an UpdateExpression, which creates an item of its key."""
    condition: NativeCondition | None
    names: frozenset[str]
    """The attributes that the update reads or changes."""

    @property
    def only_removes(self) -> bool:
        """Whether the update sets nothing, so that DynamoDB creates no item for it."""
        return bool(self.actions) and not {"SET", "ADD"}.intersection(self.actions)

    @property
    def depends_on_values(self) -> bool:
        """Whether the update fails for some stored values, or copies one of them.

        It does not where it only removes attributes and sets attributes to values of the request.
        """
        if self.condition is not None or {"ADD", "DELETE"}.intersection(self.actions):
            return True
        if any(len(path) > 1 for path in self.targets):
            return True
        return not all(isinstance(action.value, Literal) for action in self.actions.get("SET", ()))

    @property
    def targets(self) -> list[Path]:
        """The paths that the update changes."""
        return [action.path for actions in self.actions.values() for action in actions]

    def update(self, assignments: list[Template]) -> Template:
        """Return the update with more assignments in its SET clause; empty for no action at all."""
        templates = {
            clause: [action.template for action in self.actions.get(clause, ())]
            for clause in _CLAUSES
        }
        templates["SET"] += assignments
        return clauses(templates)


def updated(expressions: NativeExpressions, item: Item, pointer: str) -> PatchResult:
    """Return the changes that an update makes in an item as read.

    ``pointer`` is the position of the UpdateExpression in the request's body.

    Raises:
        UnacceptableItem: the update is invalid for this item.
    """
    try:
        result = evaluated(expressions.actions, item.attributes)
    except ExpressionError as error:
        raise UnacceptableItem(
            f"The update is invalid for the stored item: {error}.",
            (FieldError(pointer, str(error)),),
        ) from None
    return PatchResult(changes_between(item.attributes, result), expressions.names)


def check_fits(name: str, text: str) -> None:
    """Reject an expression over DynamoDB's limits that contains a client's own.

    Raises:
        UnacceptableItem: it is too long or has too many operators.
    """
    if not fits(name, text):
        detail = f"takes more than {MAX_EXPRESSION_BYTES:,} bytes or {MAX_OPERATORS} operators"
        raise UnacceptableItem(
            f"The {name} {detail}, with what the service adds to it.",
            (FieldError(pointer_to("", name), detail),),
        )


def native_expressions(
    body: Any,
    key: Attributes,
    own: tuple[str, ...],
    pointer: str = "",
    hidden: Collection[str] = (),
) -> NativeExpressions:
    """Return the native update form of a parsed JSON body.

    ``key`` are the attributes that no update may change, ``own`` those of the service, and
    ``hidden`` those that no expression may contain.

    Raises:
        UnacceptableItem: DynamoDB would reject it, or it changes an attribute that it may not.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
    """
    members = _known_members(body, UPDATE_MEMBERS, pointer)
    bindings = bindings_of(members, pointer)
    actions = _parsed(parse_update, members, UPDATE, bindings, pointer) or {}
    names = frozenset(bindings.attributes)
    _check_key_paths(bindings, key, pointer_to(pointer, UPDATE))
    condition = _condition(members, bindings, key, pointer)
    _check_names(bindings, hidden, pointer)
    _check_targets(actions, key, own, pointer_to(pointer, UPDATE))
    return NativeExpressions(actions, condition, names)


def native_condition(
    body: Any, key: Attributes, pointer: str = "", hidden: Collection[str] = ()
) -> NativeCondition | None:
    """Return the native condition of a parsed JSON body; None for a body without an expression.

    It may not contain the ``hidden`` attributes.

    Raises:
        UnacceptableItem: DynamoDB would reject it, or a placeholder is not used.
    """
    members = _known_members(body, CONDITION_MEMBERS, pointer)
    bindings = bindings_of(members, pointer)
    condition = _condition(members, bindings, key, pointer)
    _check_names(bindings, hidden, pointer)
    return condition


def native_filter(
    body: Any, key: Collection[str], hidden: Collection[str] = ()
) -> NativeCondition | None:
    """Return the filter expression of a parsed JSON body; None for a body without an expression.

    ``key`` are the key attributes of the table or index that is queried: key conditions select by
    them, a filter must not. Nor may it contain the ``hidden`` attributes.

    Raises:
        UnacceptableItem: DynamoDB would reject it, or a placeholder is not used.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.FilterExpression.html
    """
    members = _known_members(body, FILTER_MEMBERS, "")
    bindings = bindings_of(members, "")
    condition: Template | None = _parsed(parse_condition, members, FILTER, bindings, "")
    for attribute in sorted(bindings.attributes.intersection(key)):
        reject(
            pointer_to("", FILTER),
            f"the key attribute {attribute} cannot be in a filter; use a condition on the key",
        )
    _check_names(bindings, hidden, "")
    return condition


def _check_names(bindings: Bindings, hidden: Collection[str], pointer: str) -> None:
    """Reject hidden attributes, and placeholders that no expression uses.

    By trying many expressions, a client could find out the values of hidden attributes.
    """
    for attribute in sorted(bindings.attributes.intersection(hidden)):
        reject(
            pointer, f"the attribute {attribute} is never returned, nor can an expression use it"
        )
    for placeholder in bindings.unused:
        where = pointer_to(
            pointer_to(pointer, NAMES if placeholder[0] == "#" else VALUES), placeholder
        )
        reject(where, "is not used in any expression")


def _known_members(body: Any, known: tuple[str, ...], pointer: str) -> Mapping[str, Any]:
    members = object_members(body, pointer)
    for name in members:
        if name not in known:
            reject(pointer_to(pointer, name), f"must be one of {', '.join(known)}")
    return members


def _condition(
    members: Mapping[str, Any], bindings: Bindings, key: Attributes, pointer: str
) -> NativeCondition | None:
    template: Template | None = _parsed(parse_condition, members, CONDITION, bindings, pointer)
    _check_key_paths(bindings, key, pointer_to(pointer, CONDITION))
    if template is None or is_in_parentheses(template):
        return template
    return ("(", *template, ")")


def _parsed(
    parse: Any, members: Mapping[str, Any], name: str, bindings: Bindings, pointer: str
) -> Any:
    """Return the parsed expression, None without one."""
    if name not in members:
        return None
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
            reject(pointer, f"the key attribute {attribute} has no members")


def _check_targets(
    by_clause: Mapping[str, list[Action]], key: Attributes, own: tuple[str, ...], pointer: str
) -> None:
    for action in (action for actions in by_clause.values() for action in actions):
        attribute = str(action.path[0])
        if attribute in key:
            reject(pointer, f"the key attribute {attribute} cannot be changed")
        if attribute in own:
            reject(pointer, f"the attribute {attribute} is the service's own")
