"""The service's own conditions and updates, as templates.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from collections.abc import Iterable, Mapping

from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.errors import UnacceptableItem
from dynamodb_items.domain.items import AttributeValue, Item
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.time_to_live import Expiry
from dynamodb_items.domain.write_tokens import LOG_LENGTH, LogTrim, VersionAttribute, WriteToken
from dynamodb_items.expressions.parts import CONDITION, Name, Placeholders, Template, Value, fits
from dynamodb_items.formats.limits import MAX_LEVELS

_NUMBER = Value({"S": "N"})
"""The type of a number, as an operand of ``attribute_type``."""


def update_of(changes: Changes) -> Template:
    """Return the update that makes these changes."""
    return clauses(
        {
            "SET": [_equal(name, value) for name, value in changes.set.items()],
            "REMOVE": [(Name(name),) for name in changes.remove],
        }
    )


def clauses(actions: Mapping[str, Iterable[Template]]) -> Template:
    """Return the update with these actions by clause; a clause without actions is left out."""
    parts: list[str | Name | Value] = []
    for clause, templates in actions.items():
        separator = f" {clause} " if parts else f"{clause} "
        for template in templates:
            parts.append(separator)
            parts += template
            separator = ","
    return tuple(parts)


def exists(key: ItemKey) -> Template:
    """Return the condition that the item exists."""
    return ("attribute_exists(", Name(key.partition_name), ")")


def absent(key: ItemKey, expiry: Expiry) -> Template:
    """Return the condition that the item does not exist, or has expired."""
    is_absent = _without(key.partition_name)
    return ("(", *is_absent, " OR ", *expired(expiry), ")") if expiry else is_absent


def expired(expiry: Expiry) -> Template:
    """Return the condition that the stored item has expired, in parentheses.

    A value of another type is not a time. DynamoDB documents no result of its comparison.
    """
    name = Name(expiry.attribute)
    return ("(attribute_type(", name, ",", _NUMBER, ") AND ", name, "<=", Value(expiry.moment), ")")


def not_expired(expiry: Expiry) -> Template:
    """Return the condition that no expired item is stored; empty if items do not expire."""
    return ("NOT ", *expired(expiry)) if expiry else ()


def as_if_deleted(condition: Template, expiry: Expiry) -> Template:
    """Return a client's condition, evaluated as for an absent item if the stored one has expired.

    The time to live of an expired item is a number. A number has no members, so a path that begins
    with it leads nowhere: the condition with all paths inside it is the one of an absent item.

    Raises:
        UnacceptableItem: a path would be too deep.
    """
    of_absent = _inside(expiry.attribute, condition)
    return (
        *("((", *not_expired(expiry), " AND ", *condition),
        *(") OR (", *expired(expiry), " AND ", *of_absent, "))"),
    )


def unchanged(item: Item, version: VersionAttribute) -> Template:
    """Return the condition that the stored item is still the one that was read.

    With a version attribute: that this service has not rewritten it. Without one: that every
    attribute read is equal, which does not see attributes added since.
    """
    stamp = item.attributes.get(version.name)
    if stamp is not None:
        return _equal(version.name, stamp)
    conditions = [_equal(name, value) for name, value in item.attributes.items()]
    return all_of(_without(version.name) if version else None, *conditions)


def as_read(item: Item, names: Iterable[str]) -> Template:
    """Return the condition that these attributes are as they were read, absent ones included."""
    attributes = item.attributes
    return all_of(
        *(
            _equal(name, attributes[name]) if name in attributes else _without(name)
            for name in names
        )
    )


def not_written_with(version: VersionAttribute, token: WriteToken) -> Template:
    """Return the condition that no request with the token's prefix left the stored item."""
    name, prefix = Name(version.name), Value({"S": token.prefix})
    return ("(attribute_not_exists(", name, ") OR NOT begins_with(", name, ",", prefix, "))")


def not_logged(version: VersionAttribute, stamp: Value) -> Template:
    """Return the condition that the log does not have this token."""
    return ("NOT contains(", Name(version.log_name), ",", stamp, ")")


def log_reaches_back(version: VersionAttribute, stamp: Value) -> Template:
    """Return the condition that the log reaches back to before this token was made.

    Only then does its absence from the log prove that its update has not been applied.
    """
    log, last = Name(version.log_name), f"[{LOG_LENGTH - 1}]"
    return ("(attribute_not_exists(", log, f"{last}) OR ", log, f"{last}<", stamp, ")")


def stamps(version: VersionAttribute, stamp: Value, *, is_logged: bool) -> list[Template]:
    """Return the assignments that leave a token in the item, and on request in its log."""
    if not version:
        return []
    assignment: Template = (Name(version.name), "=", stamp)
    if not is_logged:
        return [assignment]
    log, own, empty = Name(version.log_name), Value({"L": [stamp.value]}), Value({"L": []})
    return [assignment, (log, "=list_append(", own, ",if_not_exists(", log, ",", empty, "))")]


def log_trim(version: VersionAttribute, trim: LogTrim) -> tuple[Template, Template]:
    """Return the update and the condition that trim a log.

    Removing an index beyond the end of a list does nothing.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html#Expressions.UpdateExpressions.REMOVE
    """
    log = Name(version.log_name)
    # From the end: some engines apply one action after the other, and each shifts the rest.
    removes: list[Template] = [(log, f"[{index}]") for index in reversed(trim.indexes)]
    proof: Template = (log, f"[{trim.proof_index}]")
    condition: Template = (
        ("attribute_exists(", *proof, ")")
        if trim.proof is None
        else (*proof, "=", Value(trim.proof))
    )
    return clauses({"REMOVE": removes}), condition


def all_of(*conditions: Template | None) -> Template:
    """Return the condition that all of these hold; None and an empty one always hold."""
    parts: list[str | Name | Value] = []
    for condition in conditions:
        if condition:
            if parts:
                parts.append(" AND ")
            parts += condition
    return tuple(parts)


def fits_together(*conditions: Template | None) -> bool:
    """Return whether DynamoDB accepts these conditions as one."""
    return fits(CONDITION, Placeholders().text(all_of(*conditions)))


def _equal(attribute: str, value: AttributeValue) -> Template:
    return (Name(attribute), "=", Value(value))


def _inside(attribute: str, condition: Template) -> Template:
    """Return a condition with each of its paths inside an attribute."""
    parts: list[str | Name | Value] = []
    levels = 0
    for part in condition:
        if isinstance(part, Name) and parts[-1:] != ["."]:
            parts += (Name(attribute), ".")
            levels = 1
        levels += isinstance(part, Name) or (isinstance(part, str) and part.startswith("["))
        if levels > MAX_LEVELS:
            raise UnacceptableItem(
                f"With a time to live, a path in a condition has at most {MAX_LEVELS - 1} levels."
            )
        parts.append(part)
    return tuple(parts)


def _without(attribute: str) -> Template:
    return ("attribute_not_exists(", Name(attribute), ")")
