"""Cursors: the position in a list after which its next page starts, as opaque text.

A cursor needs no state and no secret. It contains the position and a hash of everything that
defines the list. A forged cursor is another position in the same list, which its caller may read
anyway.
"""

import hashlib
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson

from dynamodb_items.domain.errors import InvalidKey, InvalidRequest
from dynamodb_items.domain.items import Attributes, base64_text
from dynamodb_items.domain.keys import KeyAttribute, base64url, parse_base64url
from dynamodb_items.storage.item_lists import ItemList

MAX_CHARACTERS = 8192
"""More than the longest cursor has: of an index, with four key attributes of the longest values."""

_VERSION = b"\x01"
_HASH_BYTES = 8
_LENGTH = struct.Struct(">H")


def encode_cursor(position: Attributes, listed: ItemList) -> str:
    """Return the cursor of a position in a list."""
    parts = [_VERSION, _hash(listed)]
    for attribute in _attributes(listed):
        content = _content(position, attribute)
        parts += (_LENGTH.pack(len(content)), content)
    return base64url(b"".join(parts))


def decode_cursor(cursor: str, listed: ItemList) -> Attributes:
    """Return the position that a cursor of this list contains.

    Raises:
        InvalidRequest: it is not a cursor, or a cursor of another list.
    """
    binary = _binary(cursor)
    if binary[1 : 1 + _HASH_BYTES] != _hash(listed):
        raise InvalidRequest(
            "Invalid cursor: it belongs to another list. Start again without `cursor`, and change "
            "nothing but `limit` and `fields` from page to page."
        )
    position = dict(_fixed(listed))
    rest = binary[1 + _HASH_BYTES :]
    try:
        for attribute in _attributes(listed):
            (length,) = _LENGTH.unpack_from(rest)
            content, rest = rest[_LENGTH.size :][:length], rest[_LENGTH.size + length :]
            position[attribute.name] = attribute.value(_text(content, attribute))
            if len(content) < length or _content(position, attribute) != content:
                raise _malformed()
    except (struct.error, InvalidKey, UnicodeError):
        raise _malformed() from None
    sort = listed.keys.sort
    if rest or (
        listed.partition is not None
        and sort is not None
        and not listed.sort_range.contains(position[sort.name])
    ):
        raise _malformed()
    return {name: position[name] for name in listed.position_names}


def _binary(cursor: str) -> bytes:
    if len(cursor) <= MAX_CHARACTERS:
        with suppress(ValueError):
            binary = parse_base64url(cursor)
            if binary.startswith(_VERSION):
                return binary
    raise _malformed()


def _malformed() -> InvalidRequest:
    return InvalidRequest("Invalid cursor. Start again without `cursor`.")


def _fixed(listed: ItemList) -> Iterator[tuple[str, Any]]:
    """Yield the key attributes that the list itself determines; they are not in its cursors."""
    if listed.partition is not None:
        yield listed.keys.partition.name, listed.partition
    if listed.only_partition is not None:
        yield listed.table_keys.partition.name, listed.only_partition


def _attributes(listed: ItemList) -> list[KeyAttribute]:
    """Return the key attributes in a cursor, in their order."""
    fixed = dict(_fixed(listed))
    known = {attribute.name: attribute for attribute in (*listed.table_keys, *listed.keys)}
    return [known[name] for name in listed.position_names if name not in fixed]


def _content(position: Attributes, attribute: KeyAttribute) -> bytes:
    content = position[attribute.name][attribute.type]
    return content if isinstance(content, bytes) else str(content).encode()


def _text(content: bytes, attribute: KeyAttribute) -> str:
    return base64url(content) if attribute.type == "B" else content.decode()


def _plain(value: Any) -> Any:
    """Return a JSON value for binary, and for the parts of a filter, which are named tuples."""
    return base64_text(value) if isinstance(value, bytes) else [type(value).__name__, *value]


def _hash(listed: ItemList) -> bytes:
    """Return a hash of what defines a list: everything but the size and the fields of its pages."""
    definition = orjson.dumps(
        [
            listed.table_keys.names,
            listed.index.name if listed.index else None,
            listed.partition,
            listed.only_partition,
            listed.sort_range,
            listed.is_descending,
            listed.filter,
            listed.segment,
        ],
        default=_plain,
    )
    return hashlib.blake2b(definition, digest_size=_HASH_BYTES).digest()
