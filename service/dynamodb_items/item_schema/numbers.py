"""The rules of a schema for numbers, judged here: ``minimum``, ``multipleOf`` and their like.

The validator takes a microsecond to divide a decimal. Here, all numbers at one position of the
schema are judged together, in the C code of ``decimal``: exact as well, in a tenth of the time.
"""

import copy
import operator
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import cached_property
from itertools import chain, count, repeat
from typing import Any, Self, TypeAlias, cast

from dynamodb_items.domain.numbers import canonical_number
from dynamodb_items.item_schema.applied import ALWAYS, Applied, contains, may_not_apply
from dynamodb_items.item_schema.positions import Path, Schema, all_schemas, referenced
from dynamodb_items.item_schema.sentences import sentence_of
from dynamodb_items.runtime.deadline import VALUES_IN_A_ROW, give_way, in_turns

_EXACT = Context(prec=600, traps=[Inexact, InvalidOperation])
"""Divides any two of DynamoDB's numbers exactly: their digits span 126 + 130 places."""
_CLASSES = frozenset((Decimal, int))
_TYPES = ("number", "integer")
_DEFINITIONS = "#/$defs/"

Number: TypeAlias = Decimal | int
_Rule: TypeAlias = Callable[[Sequence[Number], Decimal], bool]
_RULES: Mapping[str, _Rule] = {
    "minimum": lambda numbers, limit: min(numbers) >= limit,
    "maximum": lambda numbers, limit: max(numbers) <= limit,
    "exclusiveMinimum": lambda numbers, limit: min(numbers) > limit,
    "exclusiveMaximum": lambda numbers, limit: max(numbers) < limit,
    "multipleOf": lambda numbers, limit: not any(map(_EXACT.remainder, numbers, repeat(limit))),
}
_Break: TypeAlias = Callable[[Any, Any], Any]
"""Returns whether a number breaks a rule with a limit."""
_BREAKS: Mapping[str, _Break] = {
    "minimum": operator.lt,
    "maximum": operator.gt,
    "exclusiveMinimum": operator.le,
    "exclusiveMaximum": operator.ge,
    "multipleOf": _EXACT.remainder,
}


class NumberRules(Applied):
    """The rules for numbers that always apply to one value, and to the values inside it."""

    @staticmethod
    def concerns(schema: Schema) -> bool:
        """Return whether a schema has rules for numbers that are judged here."""
        return bool(_rules_of(schema))

    @classmethod
    def of(cls, root: Schema) -> Self | None:
        """Return the rules for the numbers of an item; None where the validator judges them all."""
        references = (schema.get("$ref", _DEFINITIONS) for _, schema in all_schemas(root))
        is_separable = all(reference.startswith(_DEFINITIONS) for reference in references)
        return cls(root, (root,)) if is_separable and contains(root, root, cls.concerns) else None

    def hold_for(self, values: Sequence[Any]) -> bool:
        """Return whether these values, and the values inside them, keep the rules for numbers."""
        return not values or (
            self._hold_for(values)
            and all(rules.hold_for(found) for rules, found in self._inside_of(values))
        )

    def _hold_for(self, values: Sequence[Any]) -> bool:
        if not (self._limits or self._are_numbers):
            return True
        if not _CLASSES.issuperset(map(type, values)):
            if self._are_numbers:
                return False
            values = [value for value in values if type(value) in _CLASSES]
        for start in range(0, len(values), VALUES_IN_A_ROW):
            if start:
                give_way()
            part = values[start : start + VALUES_IN_A_ROW]
            if not all(rule(part, limit) for rule, limit in self._limits):
                return False
        return True

    def broken_in(self, value: Any) -> tuple[Path, Any, dict[str, Any]]:
        """Return the first value that breaks its rules: this value, or one inside it.

        Returns its path, the value, and the rules for it as a schema.
        """
        if not self._hold_for((value,)):
            return (), value, self.alone
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for step, member in in_turns(members, VALUES_IN_A_ROW):
            is_name = isinstance(step, str)
            rules = self.members.get(step, self.other_members) if is_name else self.elements
            if rules is not None and not rules.hold_for((member,)):
                path, broken, alone = rules.broken_in(member)
                return (step, *path), broken, alone
        raise ValueError("all values keep the rules")

    @property
    def alone(self) -> dict[str, Any]:
        """The rules for the value itself, as a schema."""
        return {"allOf": list(map(_rules_of, self._schemas))}

    @cached_property
    def _are_numbers(self) -> bool:
        return any("type" in _rules_of(schema) for schema in self._schemas)

    @cached_property
    def _limits(self) -> list[tuple[_Rule, Decimal]]:
        rules = [rule for schema in self._schemas for rule in _rules_of(schema).items()]
        if ("type", "integer") in rules:
            rules.append(("multipleOf", 1))
        return [(_RULES[name], Decimal(str(limit))) for name, limit in rules if name in _RULES]

    @cached_property
    def _named(self) -> "list[tuple[str, NumberRules]]":
        return [(name, rules) for name, rules in self.members.items() if rules is not None]

    def _inside_of(self, values: Sequence[Any]) -> "Iterator[tuple[NumberRules, list[Any]]]":
        """Yield the values inside these values, together for each position in the schema."""
        if self._named or self.other_members is not None:
            maps = [value for value in values if isinstance(value, dict)]
            for name, rules in self._named:
                yield rules, [members[name] for members in maps if name in members]
            if self.other_members is not None:
                known = self.members
                pairs = chain.from_iterable(members.items() for members in maps)
                yield self.other_members, [each for name, each in pairs if name not in known]
        if self.elements is not None:
            lists = (value for value in values if isinstance(value, list))
            yield self.elements, list(chain.from_iterable(lists))


class _Limits:
    """The rules for numbers, as a keyword of the validator, which calls it for each value."""

    def __init__(self, rules: Mapping[str, Any]) -> None:
        limits = [
            (name, Decimal(str(limit)), sentence_of(name, limit)) for name, limit in rules.items()
        ]
        self._rules: Mapping[type, list[tuple[_Break, Number, str]]] = {
            Decimal: [(_BREAKS[name], limit, sentence) for name, limit, sentence in limits],
            int: [(*_integer_rule(name, limit), sentence) for name, limit, sentence in limits],
        }

    def validate(self, value: Any) -> None:
        """Raise a ``ValueError``, whose message is a sentence, for an invalid value."""
        for breaks, limit, sentence in self._rules.get(type(value), ()):
            if breaks(value, limit):
                raise ValueError(sentence)

    def iter_errors(self, value: Any) -> Iterator[ValueError]:
        """Yield a ``ValueError`` for each rule that an invalid value breaks."""
        for breaks, limit, sentence in self._rules.get(type(value), ()):
            if breaks(value, limit):
                yield ValueError(sentence)


def _integer_rule(name: str, limit: Decimal) -> tuple[_Break, Number]:
    """Return what finds whether an integer breaks a rule, with an integer limit where possible.

    A comparison of an integer with a decimal takes longer.
    """
    numerator, denominator = limit.as_integer_ratio()
    if name == "multipleOf":  # an integer is a multiple of a reduced fraction if of its numerator
        return operator.mod, numerator
    return _BREAKS[name], numerator if denominator == 1 else limit


class _Choice:
    """The ``enum`` or ``const`` of the validator, where it contains numbers."""

    def __init__(self, choices: Sequence[Any], sentence: str) -> None:
        self._choices = frozenset(map(_comparable, choices))
        self._sentence = sentence

    def validate(self, value: Any) -> None:
        """Raise a ``ValueError``, whose message is a sentence, for an invalid value."""
        if _comparable(value) not in self._choices:
            raise ValueError(self._sentence)


def with_exact_rules(root: Schema) -> tuple[Schema, Mapping[str, Any]]:
    """Return a schema in which keywords judge numbers exactly and fast, and these keywords.

    No schema of a user can contain their names. The validator takes up to 10 microseconds to
    divide a number, or to find it among ten.
    """
    root = copy.deepcopy(root)
    judges: list[_Limits | _Choice] = []
    for _, schema in all_schemas(root):
        for keyword, replaced, judge in list(_judges_of(schema)):
            rewritten = cast("dict[str, Any]", schema)
            for name in replaced:
                del rewritten[name]
            # By its index: the validator would make a float of a decimal.
            rewritten[keyword] = len(judges)
            judges.append(judge)
    keywords = ("exact-limits", "exact-const", "exact-enum") if judges else ()
    return root, {name: lambda _schema, index, _path: judges[index] for name in keywords}


def _judges_of(schema: Schema) -> Iterator[tuple[str, Iterable[str], _Limits | _Choice]]:
    """Yield keywords for a schema, each with the names of those that it replaces."""
    limits = {name: limit for name, limit in _rules_of(schema).items() if name in _RULES}
    if limits:
        yield "exact-limits", limits, _Limits(limits)
    if type(const := schema.get("const")) in _CLASSES:
        yield "exact-const", ("const",), _Choice([const], sentence_of("const", const))
    if _has_numbers(choices := schema.get("enum", ())):
        yield "exact-enum", ("enum",), _Choice(choices, sentence_of("enum", choices))


def _has_numbers(value: Any) -> bool:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict | list):
            waiting += each.values() if isinstance(each, dict) else each
        elif type(each) in {*_CLASSES, float}:
            return True
    return False


def _comparable(value: Any) -> Hashable:
    """Return a form of a JSON value that is equal exactly for equal values."""
    if type(value) in {str, Decimal, int}:
        return value  # type: ignore[no-any-return]
    if isinstance(value, dict):
        return frozenset((name, _comparable(member)) for name, member in value.items())
    if isinstance(value, list):
        return tuple(map(_comparable, value))
    if isinstance(value, float):
        return Decimal(str(value))
    return str(value).encode() if isinstance(value, bool) else value  # for Python, True is 1


def without_number_rules(root: Schema) -> Schema:
    """Return a schema without the rules that ``NumberRules`` judges.

    Definitions stay as they are, for the schemas that do not always apply. Where one always
    applies, a copy of it without rules takes its place.
    """
    definitions = dict(root.get("$defs", {}))
    copies: dict[str, str] = {}

    def rest(schema: Any) -> Any:
        if not isinstance(schema, dict):
            return schema
        judged = _rules_of(schema)
        kept = {name: value for name, value in schema.items() if name not in judged}
        for keyword in kept.keys() & set(ALWAYS):
            inside = kept[keyword]
            if keyword == "properties":
                kept[keyword] = {name: rest(each) for name, each in inside.items()}
            elif keyword == "allOf":
                kept[keyword] = list(map(rest, inside))
            elif not may_not_apply(schema, keyword):
                kept[keyword] = rest(inside)
        if "$ref" in kept:
            kept["$ref"] = copy_of(kept["$ref"])
        return kept

    def copy_of(reference: str) -> str:
        if reference not in copies:
            names = (f"rest-{number}" for number in count())
            name = next(name for name in names if name not in definitions)
            definitions[name] = True
            copies[reference] = _DEFINITIONS + name
            definitions[name] = rest(referenced(root, reference))
        return copies[reference]

    return {**rest(root), "$defs": definitions}


def _rules_of(schema: Schema) -> Mapping[str, Any]:
    """Return the rules for numbers that are judged here, which are a schema as well."""
    rules = {name: schema[name] for name in _RULES if name in schema and _is_in_range(schema[name])}
    return {"type": schema["type"], **rules} if schema.get("type") in _TYPES else rules


def _is_in_range(limit: Number) -> bool:
    try:
        return bool(canonical_number(Decimal(str(limit))))
    except ValueError:
        return False
