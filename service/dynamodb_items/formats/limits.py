"""What DynamoDB accepts as attributes: names, levels, numbers, sizes.

Everything that DynamoDB would reject is rejected here, with a JSON Pointer to the error, so that
the response is the same on every engine and costs no call. The JSON Pointer is built only for an
error: while values are converted, no container knows where it is.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NoReturn

from dynamodb_items.domain.errors import FieldError, ItemTooLarge, UnacceptableItem
from dynamodb_items.domain.items import Attributes, AttributeValue
from dynamodb_items.domain.numbers import canonical_number
from dynamodb_items.runtime.deadline import give_way, give_way_after

MAX_ITEM_BYTES = 400 * 1024
MAX_ATTRIBUTE_NAME_BYTES = 65_535
# The item is the first level, so 31 maps or lists may stand inside one another in it.
MAX_LEVELS = 32

# More than the attributes of a body that are not stored, such as the version and its log, take.
_SPARE_BYTES = 16 * 1024
_TURN_BYTES = 100 * 1024
_MAX_QUOTED_POINTER = 1000


class InvalidValue(Exception):
    """A value that DynamoDB does not store. ``path`` leads to it, the innermost member first: each
    container around it adds a member's name or index as the error passes.
    """

    def __init__(self, detail: str, *path: str | int) -> None:
        super().__init__(detail)
        self.detail = detail
        self.path: list[str | int] = list(path)


@contextmanager
def inside(pointer: str) -> Iterator[None]:
    """Turn an ``InvalidValue`` into the error of a body's part at a JSON Pointer.

    Raises:
        UnacceptableItem: a value in the block is invalid.
    """
    try:
        yield
    except InvalidValue as invalid:
        for member in reversed(invalid.path):
            pointer = pointer_to(pointer, member)
        refuse(pointer, invalid.detail)


class ItemRoom:
    """The bytes that the values of one item may still take, so that a body which no item can hold
    is rejected before all of it is converted.

    What is taken is less than or equal to what DynamoDB counts: ``check_item_size`` is exact.
    """

    __slots__ = ("_turn_at", "used")

    def __init__(self) -> None:
        self.used = 0
        self._turn_at = _TURN_BYTES

    def take_list(self, kinds: list[type]) -> None:
        """Take the room of a list with members of these Python types.

        Raises:
            ItemTooLarge: no item has so much room.
        """
        self._take(3 + len(kinds) + _least_bytes(kinds))

    def take_map(self, members: Mapping[str, Any], kinds: list[type]) -> None:
        """Take the room of a map with values of these Python types.

        Raises:
            ItemTooLarge: no item has so much room.
        """
        self._take(3 + 2 * len(members) + _least_bytes(kinds))

    def take_set(self, members: int) -> None:
        """Take the room of a set with so many different members.

        Raises:
            ItemTooLarge: no item has so much room.
        """
        self._take(members - 1)

    def _take(self, size_bytes: int) -> None:
        self.used += size_bytes
        if self.used > MAX_ITEM_BYTES + _SPARE_BYTES:
            raise ItemTooLarge(
                f"The item takes more than the {MAX_ITEM_BYTES:,} bytes that DynamoDB stores."
            )
        if self.used >= self._turn_at:  # one list may take all of it; many lists are many steps
            self._turn_at = self.used + _TURN_BYTES
            give_way()


def _least_bytes(kinds: list[type]) -> int:
    """What values of these Python types take at least; lists and maps take their own room."""
    return kinds.count(Decimal) + kinds.count(type(None))


def refuse(pointer: str, detail: str) -> NoReturn:
    """Raise UnacceptableItem for the error at a JSON Pointer."""
    quoted = pointer or "its root"
    if len(quoted) > _MAX_QUOTED_POINTER:
        quoted = f"{quoted[:_MAX_QUOTED_POINTER]}…"
    raise UnacceptableItem(
        f"The body cannot be stored: {detail} (at {quoted}).",
        (FieldError(pointer, detail),),
    )


def pointer_to(parent: str, member: str | int) -> str:
    """The JSON Pointer of a member, https://www.rfc-editor.org/rfc/rfc6901#section-3."""
    return f"{parent}/{str(member).replace('~', '~0').replace('/', '~1')}"


def object_members(value: Any, pointer: str) -> dict[str, Any]:
    """The members of a parsed JSON object.

    Raises:
        UnacceptableItem: it is not an object.
    """
    if not isinstance(value, dict):
        refuse(pointer, "must be a JSON object")
    return value


def check_level(level: int) -> None:
    """Reject a map or list at a level beyond DynamoDB's 32; the item itself is level 1.

    Raises:
        InvalidValue: it is too deep.
    """
    if level > MAX_LEVELS:
        raise InvalidValue(f"maps and lists nest deeper than {MAX_LEVELS} levels")


def check_names(members: Mapping[str, Any]) -> None:
    """Reject names of attributes or map members that DynamoDB does not take.

    Raises:
        InvalidValue: a name is empty or too long.
    """
    if "" in members:
        raise InvalidValue("an attribute name must not be empty", "")
    if max(map(len, members), default=0) * 4 <= MAX_ATTRIBUTE_NAME_BYTES:
        return
    if any(len(name.encode()) > MAX_ATTRIBUTE_NAME_BYTES for name in members):
        raise InvalidValue(f"an attribute name is over {MAX_ATTRIBUTE_NAME_BYTES:,} bytes long")


def check_item_size(attributes: Attributes) -> None:
    """Reject an item that DynamoDB would find too large.

    Raises:
        ItemTooLarge: its names and values take over 400 KB.
    """
    size_bytes = attributes_bytes(attributes)
    give_way_after(size_bytes)
    if size_bytes > MAX_ITEM_BYTES:
        raise ItemTooLarge(
            f"The item takes {size_bytes:,} bytes; DynamoDB stores up to {MAX_ITEM_BYTES:,}."
        )


def attributes_bytes(attributes: Attributes) -> int:
    """What names and values take of DynamoDB's 400 KB, in bytes."""
    return _names_bytes(attributes) + sum(map(_value_bytes, attributes.values()))


def _names_bytes(names: Iterable[str]) -> int:
    return sum(map(len, map(str.encode, names)))


def _value_bytes(value: AttributeValue) -> int:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    for type_, content in value.items():
        if type_ == "S":
            return len(content.encode())
        if type_ == "N":
            return _number_bytes(content)
        if type_ == "L":
            return 3 + len(content) + sum(map(_value_bytes, content))
        if type_ == "M":
            return 3 + len(content) + attributes_bytes(content)
        if type_ == "B":
            return len(content)
        if type_ == "SS":
            return _names_bytes(content)
        if type_ == "NS":
            return sum(map(_number_bytes, content))
        if type_ == "BS":
            return sum(map(len, content))
    return 1


def _number_bytes(number: str) -> int:
    significant = number.lstrip("-").replace(".", "").strip("0")
    return (len(significant) + 1) // 2 + 1 + number.startswith("-")


def checked_number(value: Decimal) -> str:
    """The number in canonical form.

    Raises:
        InvalidValue: DynamoDB cannot hold it exactly.
    """
    try:
        return canonical_number(value)
    except ValueError as error:
        raise InvalidValue(f"the number is {error}") from None
