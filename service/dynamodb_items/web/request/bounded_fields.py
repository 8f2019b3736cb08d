"""Marshmallow fields that limit the number of members before they validate each one.

Marshmallow takes microseconds for each member, and more for each error, and a body may have half a
million of them.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate

from dynamodb_items.domain.errors import MAX_ERRORS
from dynamodb_items.expressions.placeholder_members import MAX_PLACEHOLDERS, TOO_MANY_PLACEHOLDERS
from dynamodb_items.formats.json_patch import MAX_OPERATIONS as MAX_PATCH_OPERATIONS

_DIGITS = re.compile("[0-9]{1,9}", re.ASCII)
_MAX_NUMBER = 10**9
NOT_A_STRING = str(fields.String.default_error_messages["invalid"])
NOT_A_MAPPING = str(fields.Mapping.default_error_messages["invalid"])


class BoundedSchema(Schema):
    """The members of a request's body; unknown members are errors.

    At most ``MAX_ERRORS`` unknown members are reported, so that a large number costs nothing.
    """

    class Meta:
        """Unknown members are errors, since they may be misspelt."""

        unknown = RAISE

    @pre_load
    def _first_members(self, members: Any, **_options: Any) -> Any:
        if not isinstance(members, dict) or len(members) <= MAX_ERRORS:
            return members
        known = {name: members[name] for name in self.fields if name in members}
        unknown = (name for name in members if name not in known)
        return known | dict.fromkeys(islice(unknown, MAX_ERRORS))


class Members(fields.Dict):
    """An object with up to ``MAX_PLACEHOLDERS`` members of one Python type.

    Only their type is checked here; ``native_update`` validates the values.
    """

    def __init__(self, member: fields.Field[Any], kind: type, message: str, **more: Any) -> None:
        super().__init__(keys=fields.String(), values=member, **more)
        self._kind = kind
        self._message = message

    def _deserialize(self, value: Any, *_arguments: Any, **_more: Any) -> Any:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        if len(value) > MAX_PLACEHOLDERS:
            raise ValidationError(f"The object {TOO_MANY_PLACEHOLDERS}.")
        _check_kind(value.items(), self._kind, self._message)
        return value


class PatchOperations(fields.List[Any]):
    """An array of up to ``MAX_PATCH_OPERATIONS`` objects; ``json_patch`` validates them."""

    def _deserialize(self, value: Any, *_arguments: Any, **_more: Any) -> Any:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        if len(value) > MAX_PATCH_OPERATIONS:
            raise ValidationError(f"A JSON Patch has at most {MAX_PATCH_OPERATIONS:,} operations.")
        _check_kind(enumerate(value), dict, NOT_A_MAPPING)
        return value


def _check_kind(members: Iterable[tuple[str | int, Any]], kind: type, message: str) -> None:
    invalid = (name for name, member in members if not isinstance(member, kind))
    if errors := {name: [message] for name in islice(invalid, MAX_ERRORS)}:
        raise ValidationError(errors)


class DecimalDigits(fields.Integer):
    """A query parameter that is a whole number in decimal digits: no sign, space or fraction."""

    def _deserialize(self, value: Any, *arguments: Any, **more: Any) -> Any:
        if not isinstance(value, str) or not _DIGITS.fullmatch(value):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, *arguments, **more)


class WholeNumber(fields.Integer):
    """A JSON number without a fraction other than zero, as JSON Schema defines an integer.

    https://json-schema.org/draft/2020-12/json-schema-validation#section-6.1.1
    """

    def _deserialize(self, value: Any, *arguments: Any, **more: Any) -> Any:
        # Compared first: an int of 1e1000000 would take seconds.
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        is_small = is_number and -_MAX_NUMBER < value < _MAX_NUMBER
        if not is_small or value != int(value):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, *arguments, **more)


class Flag(fields.Boolean):
    """true or false of JSON, not a word or a number for it."""

    def _deserialize(self, value: Any, *_arguments: Any, **_more: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class ShortList(fields.List[Any]):
    """An array of 1 to ``most`` members, which are validated only if the number is allowed."""

    def __init__(self, member: fields.Field[Any], most: int, **more: Any) -> None:
        self._length = validate.Length(1, most)
        super().__init__(member, validate=self._length, **more)

    def _deserialize(self, value: Any, *arguments: Any, **more: Any) -> Any:
        if isinstance(value, list):
            self._length(value)
        return super()._deserialize(value, *arguments, **more)
