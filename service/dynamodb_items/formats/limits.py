"""DynamoDB's limits on attributes: names, levels, numbers and sizes.

Everything that DynamoDB would reject is rejected here, with a JSON Pointer to the error, so the
response is the same on every engine and costs no call. The JSON Pointer is built only for an
error, because building it for every value would be slow.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NoReturn

import orjson

from dynamodb_items.domain.errors import FieldError, ItemTooLarge, UnacceptableItem
from dynamodb_items.domain.items import Attributes, AttributeValue, base64_text
from dynamodb_items.domain.numbers import canonical_number
from dynamodb_items.runtime.deadline import give_way, give_way_after

MAX_ITEM_BYTES = 400 * 1024
MAX_ATTRIBUTE_NAME_BYTES = 65_535
# The item itself is the first level, so it may contain 31 nested maps or lists.
MAX_LEVELS = 32

# More than the size of attributes in a body that are not stored, such as the version log.
_SPARE_BYTES = 16 * 1024
_TURN_BYTES = 100 * 1024
_MAX_QUOTED_POINTER = 1000


class InvalidValue(Exception):
    """A value that DynamoDB does not store.

    ``path`` is its position, the innermost member first: each container around it appends a
    member's name or index while the exception propagates.
    """

    def __init__(self, detail: str, *path: str | int) -> None:
        super().__init__(detail)
        self.detail = detail
        self.path: list[str | int] = list(path)


@contextmanager
def inside(pointer: str) -> Iterator[None]:
    """Convert an ``InvalidValue`` to the error of a body's part at a JSON Pointer.

    Raises:
        UnacceptableItem: a value in the block is invalid.
    """
    try:
        yield
    except InvalidValue as invalid:
        for member in reversed(invalid.path):
            pointer = pointer_to(pointer, member)
        reject(pointer, invalid.detail)


class ItemRoom:
    """A counter of the bytes of one item, which rejects a too large body early.

    It counts at most as many bytes as DynamoDB; ``check_item_size`` is exact.
    """

    __slots__ = ("_turn_at", "used")

    def __init__(self) -> None:
        self.used = 0
        self._turn_at = _TURN_BYTES

    def take_list(self, kinds: list[type]) -> None:
        """Count a list with members of these Python types.

        Raises:
            ItemTooLarge: the values exceed the size of any item.
        """
        self._take(3 + len(kinds) + _least_bytes(kinds))

    def take_map(self, members: Mapping[str, Any], kinds: list[type]) -> None:
        """Count a map with values of these Python types.

        Raises:
            ItemTooLarge: the values exceed the size of any item.
        """
        self._take(3 + 2 * len(members) + _least_bytes(kinds))

    def take_set(self, members: int) -> None:
        """Count a set with this many members.

        Raises:
            ItemTooLarge: the values exceed the size of any item.
        """
        self._take(members - 1)

    def _take(self, size_bytes: int) -> None:
        self.used += size_bytes
        if self.used > MAX_ITEM_BYTES + _SPARE_BYTES:
            raise ItemTooLarge(
                f"The item is larger than the {MAX_ITEM_BYTES:,} bytes that DynamoDB stores."
            )
        if self.used >= self._turn_at:  # a body of many lists has no other turn
            self._turn_at = self.used + _TURN_BYTES
            give_way()


def _least_bytes(kinds: list[type]) -> int:
    """Return the least size of values of these Python types, without lists and maps."""
    return kinds.count(int) + kinds.count(Decimal) + kinds.count(type(None))


def reject(pointer: str, detail: str) -> NoReturn:
    """Raise ``UnacceptableItem`` for the error at a JSON Pointer."""
    quoted = pointer or "its root"
    if len(quoted) > _MAX_QUOTED_POINTER:
        quoted = f"{quoted[:_MAX_QUOTED_POINTER]}…"
    raise UnacceptableItem(
        f"The body is not valid: {detail} (at {quoted}).",
        (FieldError(pointer, detail),),
    )


def pointer_to(parent: str, member: str | int) -> str:
    """Return the JSON Pointer of a member.

    https://www.rfc-editor.org/rfc/rfc6901#section-3
    """
    return f"{parent}/{str(member).replace('~', '~0').replace('/', '~1')}"


def object_members(value: Any, pointer: str) -> dict[str, Any]:
    """Return the members of a parsed JSON object.

    Raises:
        UnacceptableItem: the value is not an object.
    """
    if not isinstance(value, dict):
        reject(pointer, "must be a JSON object")
    return value


def item_attributes(
    value: Any, pointer: str, convert: Callable[[dict[str, Any], int, ItemRoom], Attributes]
) -> Attributes:
    """Return the attributes to which a function converts a parsed JSON object.

    Raises:
        UnacceptableItem: the value is not an object, or exceeds DynamoDB's limits.
        ItemTooLarge: the value exceeds the size of any item.
    """
    members = object_members(value, pointer)
    room = ItemRoom()
    with inside(pointer):
        attributes = convert(members, 1, room)
    give_way_after(room.used)
    return attributes


def check_level(level: int) -> None:
    """Reject a map or list at a level beyond DynamoDB's 32; the item itself is level 1.

    Raises:
        InvalidValue: the level is too deep.
    """
    if level > MAX_LEVELS:
        raise InvalidValue(f"maps and lists must not nest deeper than {MAX_LEVELS} levels")


def check_names(members: Mapping[str, Any]) -> None:
    """Reject names of attributes or map members that DynamoDB rejects.

    Raises:
        InvalidValue: a name is empty or too long.
    """
    if "" in members:
        raise InvalidValue("an attribute name must not be empty", "")
    if max(map(len, members), default=0) * 4 <= MAX_ATTRIBUTE_NAME_BYTES:
        return
    if any(len(name.encode()) > MAX_ATTRIBUTE_NAME_BYTES for name in members):
        raise InvalidValue(f"an attribute name must not exceed {MAX_ATTRIBUTE_NAME_BYTES:,} bytes")


def check_item_size(attributes: Attributes) -> None:
    """Reject an item that is too large for DynamoDB.

    Raises:
        ItemTooLarge: the names and values exceed 400 KB.
    """
    if most_bytes(attributes) <= MAX_ITEM_BYTES:
        return
    give_way()
    size_bytes = attributes_bytes(attributes)
    give_way_after(size_bytes)
    check_size(size_bytes)


def check_size(size_bytes: int) -> None:
    """Reject an item of this size, or of at least this size, if it is too large for DynamoDB.

    Raises:
        ItemTooLarge: it exceeds 400 KB.
    """
    if size_bytes > MAX_ITEM_BYTES:
        raise ItemTooLarge(
            f"The item has {size_bytes:,} bytes; DynamoDB stores up to {MAX_ITEM_BYTES:,}."
        )


def most_bytes(attributes: Attributes) -> int:
    """Return an upper bound of ``attributes_bytes``, in a tenth of the time.

    It is the length in JSON, where every name and value is longer.
    """
    return len(orjson.dumps(attributes, default=base64_text))


def attributes_bytes(attributes: Attributes) -> int:
    """Return the size of names and values in bytes, as DynamoDB counts it."""
    return _names_bytes(attributes) + sum(map(_value_bytes, attributes.values()))


def _names_bytes(names: Iterable[str]) -> int:
    return sum(map(len, map(str.encode, names)))


def _value_bytes(value: AttributeValue) -> int:
    """Return the size of one value.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
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


def checked_number(value: Decimal | int) -> str:
    """Return the number in canonical form.

    Raises:
        InvalidValue: DynamoDB cannot store the number exactly.
    """
    try:
        return canonical_number(Decimal(value))
    except ValueError as error:
        raise InvalidValue(f"the number is {error}") from None
