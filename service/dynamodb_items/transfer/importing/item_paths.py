"""The URL path of the item on a line."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from dynamodb_items.config.values import partition_key, sort_key
from dynamodb_items.domain.errors import InvalidKey
from dynamodb_items.domain.keys import KeyAttribute, base64url, key_text
from dynamodb_items.transfer.client.exact_json import Number, parse
from dynamodb_items.transfer.client.urls import path_of
from dynamodb_items.transfer.errors import ExitStatus, TransferStopped


class InvalidLine(Exception):
    """A line that is not sent, since it has no item or no key."""


class ItemPaths:
    """The paths of items in plain or in typed form."""

    def __init__(self, key_attributes: Sequence[KeyAttribute], *, typed: bool) -> None:
        self._key_attributes = key_attributes
        self._typed = typed

    def path_of(self, line: bytes) -> str:
        """Return the path of a line's item; two lines with one key have the same path.

        Raises:
            InvalidLine: the line is not JSON in UTF-8, not an object, or has no valid key.
        """
        item = _parsed(line)
        try:
            keys = [
                key_text(attribute.value(self._text(attribute, item)))
                for attribute in self._key_attributes
            ]
        except InvalidKey as error:
            raise InvalidLine(error.detail) from None
        except UnicodeEncodeError:
            raise InvalidLine("A key attribute contains half of a surrogate pair.") from None
        return path_of(["items", *keys])

    def _text(self, attribute: KeyAttribute, item: Mapping[str, Any]) -> str:
        if attribute.name not in item:
            raise InvalidLine(f"The key attribute {attribute.name} is missing.")
        value = item[attribute.name]
        if self._typed:
            value = _typed_content(attribute, value)
        if isinstance(value, Number) is not (attribute.type == "N" and not self._typed):
            self._reject_type(attribute)
        if not isinstance(value, str):
            self._reject_type(attribute)
        return _base64url_of(attribute, value) if attribute.type == "B" else str(value)

    def _reject_type(self, attribute: KeyAttribute) -> NoReturn:
        plain = {"N": "a number", "S": "a string", "B": "base64 text"}[attribute.type]
        typed = json.dumps({attribute.type: "…"}, ensure_ascii=False)
        raise InvalidLine(
            f"The key attribute {attribute.name} must be {typed if self._typed else plain}."
            + ("" if self._typed else " Is the file in DynamoDB's typed form? Then add --typed.")
        )


def key_attributes(document: Mapping[str, Any]) -> list[KeyAttribute]:
    """Return the key attributes that the service's OpenAPI document names.

    Raises:
        TransferStopped: the document does not name them.
    """
    try:
        (path,) = (
            path
            for path in document["paths"].values()
            if path.get("get", {}).get("operationId") == "getItem"
        )
        specifications = [
            f"{parameter['x-dynamodb-attribute']}:{parameter['x-dynamodb-type']}"
            for parameter in path["parameters"]
        ]
        return parsed_key_attributes(*specifications)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise TransferStopped(
            "The service's /openapi.json does not name the key attributes. Check --url, or add "
            "--partition-key and --sort-key, such as --partition-key Id:N --sort-key Name:S.",
            ExitStatus.NOT_ACCEPTED,
        ) from None


def parsed_key_attributes(partition: str, sort: str = "") -> list[KeyAttribute]:
    """Return the key attributes of texts such as ``Id:N``.

    Raises:
        ValueError: a text is not an attribute name and its type.
    """
    return [each for each in (partition_key(partition), sort_key(sort)) if each is not None]


def _parsed(line: bytes) -> Mapping[str, Any]:
    try:
        item = parse(line)
    except UnicodeDecodeError as error:
        raise InvalidLine(f"The line is not UTF-8: byte {error.start + 1} is invalid.") from None
    except json.JSONDecodeError as error:
        raise InvalidLine(f"The line is not JSON: {error.msg} at column {error.colno}.") from None
    except RecursionError:
        raise InvalidLine("The line nests deeper than an item can.") from None
    if not isinstance(item, dict):
        raise InvalidLine("The line is not a JSON object.")
    return item


def _typed_content(attribute: KeyAttribute, value: Any) -> Any:
    is_of_type = isinstance(value, dict) and list(value) == [attribute.type]
    return value[attribute.type] if is_of_type else None


def _base64url_of(attribute: KeyAttribute, text: str) -> str:
    try:
        return base64url(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise InvalidLine(f"The key attribute {attribute.name} is not base64 text.") from None
