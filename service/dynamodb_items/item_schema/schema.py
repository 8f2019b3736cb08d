"""An item schema: what the service needs to judge items by it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Self

from jsonschema_rs import Draft202012Validator, ValidationError

from dynamodb_items.domain.errors import MAX_ERRORS
from dynamodb_items.domain.keys import KeySchema
from dynamodb_items.item_schema.annotations import without_access_rules
from dynamodb_items.item_schema.declared_types import DeclaredTypes
from dynamodb_items.item_schema.key_attributes import key_errors
from dynamodb_items.item_schema.numbers import NumberRules, with_exact_rules
from dynamodb_items.item_schema.positions import ANNOTATIONS, Schema
from dynamodb_items.item_schema.sentences import violations_of
from dynamodb_items.item_schema.violations import Violation
from dynamodb_items.runtime.deadline import give_way

MAX_VALUES_WITH_ALL_ERRORS = 5_000
"""The validator returns all errors at once, 10 microseconds each: of an item with more values,
only the first error is reported."""
MAX_LEVELS_WITH_ALL_ERRORS = 6
"""A schema that contains itself twice has twice as many errors at each level of a value: of a
deeper item, only the first error is reported."""

_JUDGES_PROPERTIES_ALONE = {"type", "properties", "$defs", "$schema", "$id", *ANNOTATIONS}


@dataclass(frozen=True, slots=True, eq=False)
class Validators:
    """What judges a value by one schema."""

    complete: Draft202012Validator
    rest: Draft202012Validator
    """Judges all but the rules for numbers."""
    numbers: NumberRules | None
    attributes: Draft202012Validator | None
    """Judges each attribute by itself, where the schema has branches: for the errors of a branch
    the validator takes 10 microseconds for each value, however many there are."""

    def violations(self, value: Mapping[str, Any]) -> list[Violation]:
        """Return how a value breaks the schema, up to 100 violations.

        Of a value with more than ``MAX_VALUES_WITH_ALL_ERRORS`` inside it, or with more than
        ``MAX_LEVELS_WITH_ALL_ERRORS``, return the first one.
        """
        numbers_hold = self.numbers is None or self.numbers.hold_for((value,))
        if numbers_hold and self.rest.is_valid(value):
            return []
        if not _is_small(value):
            return self._first_violations(value, numbers_hold=numbers_hold)
        return _violations(self.complete.iter_errors(value))

    def _first_violations(self, value: Mapping[str, Any], *, numbers_hold: bool) -> list[Violation]:
        if self.numbers is not None and not numbers_hold:
            path, broken, rules = self.numbers.broken_in(value)
            # An error contains its value, and a list in place of a number may be long.
            shown = [] if isinstance(broken, dict | list) else broken
            exact, keywords = with_exact_rules(rules)
            validator = Draft202012Validator(dict(exact), keywords=dict(keywords))
            found = _violations(validator.iter_errors(shown))
            return [violation._replace(path=path) for violation in found[:1]]
        if self.attributes is not None:
            return _of_first_attribute(self.attributes, value)
        give_way()
        try:
            self.rest.validate(value)
        except ValidationError as error:
            return _violations((error,))
        return []


@dataclass(frozen=True, slots=True, eq=False)
class ItemSchema:
    """A JSON Schema that was checked, compiled."""

    document: Schema
    """The parsed schema, numbers exact."""
    types: DeclaredTypes | None
    """The DynamoDB types that it declares; None if it declares none."""
    together: frozenset[str] | None
    """The attributes that are judged together with others; None for all of them."""
    required: frozenset[str]
    """The attributes that every item must have, as far as the root of the schema requires them."""
    read_only: frozenset[str]
    """The attributes that no client can set."""
    write_only: frozenset[str]
    """The attributes that no response shows."""
    defaults: Mapping[str, Any]
    """The values that a PUT without these attributes gets, if the settings say so; plain."""
    whole: Validators
    alone: Validators
    """Judge each attribute by itself."""

    @property
    def needs_whole_item(self) -> bool:
        """Whether some attributes can only be judged together with the rest of the item."""
        return self.together != frozenset()

    def leaves_free(self, names: Iterable[str]) -> bool:
        """Return whether these attributes can have any value, whatever the rest of the item is."""
        if not self.document.keys() <= _JUDGES_PROPERTIES_ALONE:
            return False
        constrained: Mapping[str, Any] = self.document.get("properties", {})
        return constrained.keys().isdisjoint(names)

    def violations(self, item: Mapping[str, Any]) -> list[Violation]:
        """Return how an item in plain form breaks the schema, up to 100 violations.

        Numbers are ``Decimal`` or int and are compared exactly.
        """
        return self.whole.violations(item)

    def violations_of_attributes(
        self, attributes: Mapping[str, Any], removed: Iterable[str] = ()
    ) -> list[Violation]:
        """Return how changed attributes break the schema, whatever the rest of the item is."""
        missing = [Violation((name,), "Is required.") for name in removed if name in self.required]
        validators = self.alone if self.needs_whole_item else self.whole
        return [*missing, *validators.violations(attributes)]

    def with_full_access(self) -> Self:
        """Return the schema for clients that may set and read every attribute."""
        document = without_access_rules(self.document)
        return replace(self, document=document, read_only=frozenset(), write_only=frozenset())

    def contradictions(
        self, key_schema: KeySchema, own: tuple[str, ...], shown: Iterable[str] = ()
    ) -> list[str]:
        """Return why a table cannot have this schema, a sentence each.

        ``own`` are the service's own attributes, ``shown`` those on which lists depend.
        """
        errors = [
            f"{name} is writeOnly, but responses depend on it: it is a key attribute of the table "
            "or an index, or the time to live"
            for name in sorted(self.write_only.intersection((*key_schema.names, *shown)))
        ]
        if self.write_only and not own:
            errors.append(
                "it has writeOnly attributes, which requires ITEMS_VERSION_ATTRIBUTE: otherwise a "
                "change of such an attribute would not change the item's ETag"
            )
        return errors + key_errors(self.document, key_schema, own)


def _violations(errors: Iterable[ValidationError]) -> list[Violation]:
    found = (violation for error in errors for violation in violations_of(error))
    return list(islice(dict.fromkeys(found), MAX_ERRORS))


def _of_first_attribute(
    validator: Draft202012Validator, value: Mapping[str, Any]
) -> list[Violation]:
    for name, member in value.items():
        give_way()
        if not validator.is_valid({name: member}):
            if _is_small(member):
                return _violations(validator.iter_errors({name: member}))[:1]
            return [Violation((name,), "Is not valid.")]
    return [Violation((), "Is not valid.")]


def _is_small(value: Any) -> bool:
    """Return whether a value has so few values and levels that all its errors can be reported."""
    count = 0
    level = [value]
    for _ in range(MAX_LEVELS_WITH_ALL_ERRORS + 1):
        containers = [each for each in level if isinstance(each, dict | list) and each]
        if not containers:
            return True
        count += sum(map(len, containers))
        if count > MAX_VALUES_WITH_ALL_ERRORS:
            return False
        level = []
        for each in containers:
            level += each.values() if isinstance(each, dict) else each
    return False
