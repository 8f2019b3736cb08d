"""What DynamoDB accepts as attributes: names, levels, numbers, sizes.

Everything that DynamoDB would refuse is refused here, with a JSON Pointer to the fault, so that
the answer is the same on every engine and costs no call.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

import base64
from decimal import Decimal
from typing import Any, NoReturn

from service.errors import FieldError, ItemTooLarge, UnacceptableItem
from service.items import Attributes, AttributeValue
from service.numbers import canonical_number

MAX_ITEM_BYTES = 400 * 1024
MAX_ATTRIBUTE_NAME_BYTES = 65_535
# The item is the first level, so 31 maps or lists may stand inside one another in it.
MAX_LEVELS = 32


def refuse(pointer: str, detail: str) -> NoReturn:
    """Raise UnacceptableItem for the fault at a JSON Pointer."""
    raise UnacceptableItem(
        f"The body cannot be stored: {detail} (at {pointer or 'its root'}).",
        (FieldError(pointer, detail),),
    )


def pointer_to(parent: str, member: str | int) -> str:
    """The JSON Pointer of a member, https://www.rfc-editor.org/rfc/rfc6901#section-3."""
    return f"{parent}/{str(member).replace('~', '~0').replace('/', '~1')}"


def object_members(value: Any, pointer: str) -> dict[str, Any]:
    """The members of a parsed JSON object.

    Raises:
        UnacceptableItem: it is no object.
    """
    if not isinstance(value, dict):
        refuse(pointer, "must be a JSON object")
    return value


def check_level(level: int, pointer: str) -> None:
    """Refuse a map or list at a level beyond DynamoDB's 32; the item itself is level 1.

    Raises:
        UnacceptableItem: it is too deep.
    """
    if level > MAX_LEVELS:
        refuse(pointer, f"maps and lists nest deeper than {MAX_LEVELS} levels")


def check_item_size(attributes: Attributes) -> None:
    """Refuse an item that DynamoDB would find too large.

    Raises:
        ItemTooLarge: its names and values take over 400 KB.
    """
    size_bytes = attributes_bytes(attributes)
    if size_bytes > MAX_ITEM_BYTES:
        raise ItemTooLarge(
            f"The item takes {size_bytes:,} bytes; DynamoDB stores up to {MAX_ITEM_BYTES:,}."
        )


def attributes_bytes(attributes: Attributes) -> int:
    """What names and values take of DynamoDB's 400 KB, in bytes."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in attributes.items())


def _value_bytes(value: AttributeValue) -> int:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    ((type_, content),) = value.items()
    match type_:
        case "S":
            return len(content.encode())
        case "N":
            return _number_bytes(content)
        case "B":
            return len(content)
        case "SS":
            return sum(len(member.encode()) for member in content)
        case "NS":
            return sum(map(_number_bytes, content))
        case "BS":
            return sum(map(len, content))
        case "L":
            return 3 + sum(1 + _value_bytes(member) for member in content)
        case "M":
            return 3 + len(content) + attributes_bytes(content)
        case _:
            return 1


def _number_bytes(number: str) -> int:
    significant = number.lstrip("-").replace(".", "").strip("0")
    return (len(significant) + 1) // 2 + 1 + number.startswith("-")


def checked_number(value: Decimal, pointer: str) -> str:
    """The number in canonical form.

    Raises:
        UnacceptableItem: DynamoDB cannot hold it exactly.
    """
    try:
        return canonical_number(value)
    except ValueError as error:
        refuse(pointer, f"the number is {error}")


def checked_name(parent: str, name: str) -> str:
    """The JSON Pointer of the attribute or map member of that name.

    Raises:
        UnacceptableItem: DynamoDB takes no such name.
    """
    pointer = pointer_to(parent, name)
    if not name:
        refuse(pointer, "an attribute name must not be empty")
    if len(name) * 4 > MAX_ATTRIBUTE_NAME_BYTES and len(name.encode()) > MAX_ATTRIBUTE_NAME_BYTES:
        refuse(parent, f"an attribute name is over {MAX_ATTRIBUTE_NAME_BYTES:,} bytes long")
    return pointer


def array_members(content: Any, pointer: str) -> list[Any]:
    """The members of a parsed JSON array.

    Raises:
        UnacceptableItem: it is no array.
    """
    if not isinstance(content, list):
        refuse(pointer, "must be an array")
    return content


def base64_text(content: bytes) -> str:
    """Binary as JSON writes it."""
    return base64.b64encode(content).decode()
