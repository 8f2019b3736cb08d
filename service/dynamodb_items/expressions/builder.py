"""The service's own conditions and updates, as templates.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from collections.abc import Iterable, Mapping

from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.items import AttributeValue, Item
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.write_tokens import LOG_LENGTH, LogTrim, VersionAttribute, WriteToken
from dynamodb_items.expressions.parts import Name, Template, Value


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


def absent(key: ItemKey) -> Template:
    """Return the condition that the item does not exist."""
    return _without(key.partition_name)


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


def _equal(attribute: str, value: AttributeValue) -> Template:
    return (Name(attribute), "=", Value(value))


def _without(attribute: str) -> Template:
    return ("attribute_not_exists(", Name(attribute), ")")
