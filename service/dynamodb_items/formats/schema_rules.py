"""An item schema applied to the bodies of writes: what it rejects, and the types that it declares.

An error's JSON Pointer is a position in the request's body.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.errors import FieldError, UnacceptableItem
from dynamodb_items.domain.items import Attributes, AttributeValue, Item, is_same
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.formats.limits import InvalidValue
from dynamodb_items.formats.merge_patch import PatchResult, changes_between
from dynamodb_items.formats.plain_json import attributes_from_plain, plain_values
from dynamodb_items.formats.stored_types import canonical_binary, set_of, with_stored_types
from dynamodb_items.item_schema.violations import Violation
from dynamodb_items.runtime.deadline import VALUES_IN_A_ROW, in_turns

if TYPE_CHECKING:  # without a schema, the validator is not imported
    from dynamodb_items.item_schema.declared_types import DeclaredTypes
    from dynamodb_items.item_schema.schema import ItemSchema

_SETS = ("SS", "NS", "BS")
_IS_REQUIRED = "Is required."


@dataclass(frozen=True, slots=True)
class SchemaRules:
    """The rules of an item schema for one write."""

    schema: "ItemSchema"
    key: ItemKey
    own: tuple[str, ...]
    """The service's own attributes, which are not part of an item's plain form."""
    pointer: str
    is_plain: bool = True
    """Whether the body has no types, so that the schema decides them."""
    mirrors_item: bool = True
    """Whether a position in the body is the same position in the item."""
    fills_defaults: bool = False
    """Whether a whole item gets the schema's defaults of the attributes that it does not have."""
    concealed: frozenset[str] = frozenset()
    """The attributes whose stored values no error describes."""

    def put(self, attributes: Attributes, plain: Mapping[str, Any] | None = None) -> Attributes:
        """Return the attributes of a whole item, with the declared types.

        ``plain`` is their plain form, if that is known.

        Raises:
            UnacceptableItem: the item does not match the schema.
        """
        item = plain_values(attributes) if plain is None else plain
        if self.fills_defaults:
            item = {**self.schema.defaults, **item}
            attributes = {**attributes_from_plain(self.schema.defaults), **attributes}
        self._check(self.schema.violations({**item, **plain_values(self.key.attributes)}))
        return self._typed(attributes)

    def put_over(self, attributes: Attributes, read: Item | None) -> Attributes:
        """Return the attributes of a whole item that replaces the one that was read.

        It keeps the stored values of read-only attributes, and of write-only attributes that it
        does not set.

        Raises:
            UnacceptableItem: the item does not match the schema, or sets a read-only attribute.
        """
        stored = {} if read is None else read.attributes
        unset = self.schema.write_only & stored.keys() - attributes.keys()
        whole = {**attributes, **{name: stored[name] for name in unset}}
        kept = self._kept(stored, {**stored, **attributes})
        return replace(self, concealed=frozenset(unset)).put({**whole, **kept})

    def kept_by_put(self, attributes: Attributes) -> frozenset[str]:
        """Return the attributes whose stored values ``put_over`` keeps."""
        return self._read_only() | (self.schema.write_only - attributes.keys())

    def check_read_only(self, changed: Iterable[str]) -> None:
        """Reject a change of read-only attributes.

        Raises:
            UnacceptableItem: there is one.
        """
        self._check_read_only(self._read_only().intersection(changed))

    def _kept(self, before: Attributes, after: Attributes) -> Attributes:
        """Return the read-only attributes as they were stored."""
        names = self._read_only()
        kept = {name: before[name] for name in names & before.keys()}
        sent = with_stored_types({name: after[name] for name in names & after.keys()}, kept)
        self._check_read_only(name for name in names if not is_same(kept.get(name), sent.get(name)))
        return kept

    def _read_only(self) -> frozenset[str]:
        # A body may repeat the key attributes, which cannot change in any case.
        return self.schema.read_only - self.key.attributes.keys()

    def _check_read_only(self, names: Iterable[str]) -> None:
        self._check([Violation((name,), "Is read-only.") for name in sorted(names)])

    def attributes(self, changed: Attributes, removed: Iterable[str]) -> Attributes:
        """Return attributes that a patch sets whole, with the declared types.

        Raises:
            UnacceptableItem: they do not match the schema, whatever the rest of the item is.
        """
        self._check(self.schema.violations_of_attributes(plain_values(changed), removed))
        return self._typed(changed)

    def edit(
        self, changes_of: Callable[[Item], PatchResult], written: Collection[str] = ()
    ) -> Callable[[Item], PatchResult]:
        """Return an edit whose result matches the schema.

        What it depends on includes the attributes that the schema judges together. The attributes
        ``written`` count as changed even if they are not. The edit raises ``UnacceptableItem``
        where the result does not match.
        """

        def judged(item: Item) -> PatchResult:
            edited = changes_of(item)
            result = edited.changes.applied_to(item.attributes)
            attributes = {**result, **self._kept(item.attributes, result)}
            visible = {name: it for name, it in attributes.items() if name not in self.own}
            self._check(self.schema.violations(plain_values(visible)))
            typed = self._typed(attributes)
            changes = changes_between(item.attributes, typed)
            if written:
                kept = {name: typed[name] for name in written if name in typed}
                absent = (name for name in written if name not in typed)
                changes = Changes(
                    {**changes.set, **kept}, tuple(dict.fromkeys((*changes.remove, *absent)))
                )
            together = self.schema.together
            depends_on = edited.depends_on
            if together is None or depends_on is None:
                return PatchResult(changes, None)
            return PatchResult(changes, depends_on | together)

        return judged

    def _typed(self, attributes: Attributes) -> Attributes:
        types = self.schema.types
        if types is None:
            return attributes
        try:
            return _members(attributes, types, converts=self.is_plain)
        except InvalidValue as invalid:
            self._check([Violation(tuple(reversed(invalid.path)), invalid.detail)])
            raise

    def _check(self, violations: list[Violation]) -> None:
        if violations:
            raise UnacceptableItem(
                "The item does not match the schema of this service. Fix the problems listed in "
                "`errors`.",
                tuple(map(self._field_error, dict.fromkeys(map(self._shown, violations)))),
            )

    def _shown(self, violation: Violation) -> Violation:
        attribute = (violation.named or violation.path)[:1]
        if violation == (attribute, _IS_REQUIRED, ()) or self.concealed.isdisjoint(attribute):
            return violation
        return Violation(violation.path[:1], "Is not valid.")

    def _field_error(self, violation: Violation) -> FieldError:
        if self.mirrors_item:
            return FieldError(f"{self.pointer}{violation.pointer}", violation.sentence)
        where = violation.pointer or "its root"
        return FieldError(self.pointer, f"The result at {where} {violation.clause}")


def _members(attributes: Attributes, types: "DeclaredTypes", *, converts: bool) -> Attributes:
    """Return the members of a map with their declared types.

    Raises:
        InvalidValue: a value cannot have its declared type.
    """
    typed: dict[str, AttributeValue] = dict(attributes)
    name = ""
    known, others = types.members, types.other_members
    try:
        for name, value in attributes.items():
            inner = known.get(name, others)
            if inner is not None:
                typed[name] = _declared(value, inner, converts=converts)
    except InvalidValue as invalid:
        invalid.path.append(name)
        raise
    return typed


def _declared(value: AttributeValue, types: "DeclaredTypes", *, converts: bool) -> AttributeValue:
    ((type_, content),) = value.items()
    declared = types.type
    match type_:
        case "M":
            return {"M": _members(content, types, converts=converts)}
        case "L" if declared in _SETS and converts:
            return _set(declared, content)
        case "S" if declared == "B" and converts:
            return _binary(content)
        case "L" | "SS" | "NS" | "BS" if declared in _SETS and declared != type_:
            raise _mismatch(declared, type_)
        case "S" if declared == "B":
            raise _mismatch(declared, type_)
        case "L" if types.elements is not None:
            return {"L": _elements(content, types.elements, converts=converts)}
        case _:
            return value


def _elements(
    members: Sequence[AttributeValue], types: "DeclaredTypes", *, converts: bool
) -> list[AttributeValue]:
    typed: list[AttributeValue] = []
    try:
        for member in in_turns(members, VALUES_IN_A_ROW):
            typed.append(_declared(member, types, converts=converts))  # noqa: PERF401 - counts for the path
    except InvalidValue as invalid:
        invalid.path.append(len(typed))
        raise
    return typed


def _set(declared: str, members: Sequence[AttributeValue]) -> AttributeValue:
    try:
        return set_of(declared, members)
    except ValueError as error:
        raise InvalidValue(_sentence(str(error))) from None


def _binary(text: str) -> AttributeValue:
    binary = canonical_binary(text)
    if binary is None:
        raise InvalidValue("Must be base64 text (RFC 4648 section 4), with padding.")
    return {"B": binary}


def _mismatch(declared: str | None, type_: str) -> InvalidValue:
    return InvalidValue(f"Must have DynamoDB's type {declared}, not {type_}.")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
