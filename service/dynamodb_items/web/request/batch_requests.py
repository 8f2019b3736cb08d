"""The requests of the batch routes: operations or keys, each error with its JSON Pointer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Request

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import InvalidRequest, ItemsError, OperationsRejected
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.preconditions import Precondition
from dynamodb_items.expressions.native_update import NativeCondition, native_condition
from dynamodb_items.formats.limits import pointer_to, reject
from dynamodb_items.runtime.deadline import in_turns
from dynamodb_items.storage.write_commands import Check, Delete, Write
from dynamodb_items.web.codecs import Projection, parse_projection
from dynamodb_items.web.media_types import PatchForm, Representation, item_representation
from dynamodb_items.web.request.body_schemas import BatchGetSchema, BatchSchema, body_schema
from dynamodb_items.web.request.item_requests import reject_query
from dynamodb_items.web.request.json_bodies import key_in_body, loaded_body
from dynamodb_items.web.request.preconditions import (
    parse_precondition,
    reject_preconditions,
    require_precondition,
)
from dynamodb_items.web.request.write_bodies import WriteBody
from dynamodb_items.web.write_permissions import check_write_permitted

_PATCH_FORMS = {
    "patch": PatchForm.MERGE,
    "jsonPatch": PatchForm.JSON_PATCH,
    "update": PatchForm.NATIVE,
}
# The content members of each method: an operation contains exactly one, or none for ``()``.
_CONTENTS: Mapping[str, tuple[str, ...]] = {
    "PUT": ("item",),
    "PATCH": tuple(_PATCH_FORMS),
    "DELETE": (),
    "CHECK": (),
}


def operations_of(request: Request, settings: Settings) -> list[Write]:
    """Return the writes of a batch, each of another item.

    Raises:
        UnsupportedMediaType, InvalidBody: the body cannot be parsed.
        InvalidRequest: a header or a query parameter applies to single items only.
        UnacceptableItem: the body is not a valid batch.
        OperationsRejected: some operations are invalid; the error lists them.
    """
    _check_head(request)
    representation = item_representation(request)
    batch = loaded_body(request, body_schema(BatchSchema, settings.key_schema))
    writes: list[Write] = []
    rejected: list[tuple[int, ItemsError]] = []
    for index, operation in enumerate(in_turns(batch["operations"])):
        pointer = f"/operations/{index}"
        try:
            writes.append(_Operation(operation, pointer, settings).write(representation))
        except ItemsError as error:
            rejected.append((index, error))
    if rejected:
        raise OperationsRejected(rejected)
    _check_distinct([write.key for write in writes], "/operations")
    return writes


def keys_of(request: Request, settings: Settings) -> tuple[list[ItemKey], Projection | None]:
    """Return the distinct item keys that a batch reads, and the projection of the items.

    Raises:
        UnsupportedMediaType, InvalidBody: the body cannot be parsed.
        InvalidRequest: a header or a query parameter applies to single items only.
        UnacceptableItem: the body is not a list of different keys.
    """
    _check_head(request)
    item_representation(request)
    batch = loaded_body(request, body_schema(BatchGetSchema, settings.key_schema))
    members = enumerate(in_turns(batch["keys"]))
    keys = [key_in_body(member, f"/keys/{index}", settings) for index, member in members]
    _check_distinct(keys, "/keys")
    return keys, _projection(batch, settings)


def _projection(batch: Mapping[str, Any], settings: Settings) -> Projection | None:
    if "fields_" not in batch:
        return None
    try:
        return parse_projection(batch["fields_"], settings.key_schema.names)
    except ValueError as error:
        reject("/fields", str(error))


def _check_head(request: Request) -> None:
    """Reject what applies to one item: ignoring it could lose an update or return wrong items."""
    reject_preconditions(
        request, "applies to one item. In a batch, use ifMatch or ifNoneMatch in each operation."
    )
    reject_query(request)


@dataclass(frozen=True, slots=True)
class _Operation:
    members: Mapping[str, Any]
    pointer: str
    settings: Settings

    def write(self, representation: Representation) -> Write:
        method = self.members["method"]
        precondition = self._precondition()
        key = key_in_body(self.members, self.pointer, self.settings)
        content = self._content(method)
        pointer = pointer_to(self.pointer, content)
        body = WriteBody(self.members.get(content), key, precondition, self.settings, pointer)
        condition = self._condition(method, key)
        match method:
            case "PUT":
                write: Write = body.put(representation, condition)
            case "PATCH":
                write = body.patch(_PATCH_FORMS[content])
            case "DELETE":
                write = Delete(key, precondition, condition)
            case _:
                write = self._check(key, precondition, condition)
        if write.operation not in self.settings.operations:
            reject(pointer_to(self.pointer, "method"), "is not allowed in this deployment")
        check_write_permitted(write, self.settings)
        return write

    def _condition(self, method: str, key: ItemKey) -> NativeCondition | None:
        if "condition" not in self.members:
            return None
        pointer = pointer_to(self.pointer, "condition")
        if method == "PATCH":
            reject(pointer, "belongs to PUT, DELETE and CHECK; in a PATCH it is part of update")
        hidden = self.settings.hidden_attributes.typed
        return native_condition(self.members["condition"], key.attributes, pointer, hidden)

    def _check(
        self, key: ItemKey, precondition: Precondition, condition: NativeCondition | None
    ) -> Check:
        if condition is None and not precondition:
            reject(
                self.pointer, "CHECK requires a condition with a ConditionExpression, or ifMatch"
            )
        return Check(key, precondition, condition)

    def _precondition(self) -> Precondition:
        try:
            precondition = parse_precondition(
                self.members.get("ifMatch"), self.members.get("ifNoneMatch")
            )
        except InvalidRequest as error:
            reject(self.pointer, error.detail)
        if self.settings.require_if_match and self.members["method"] != "CHECK":
            require_precondition(precondition)
        return precondition

    def _content(self, method: str) -> str:
        """Return the name of the member with the method's content, or "" if it has none."""
        known = {"item", *_PATCH_FORMS}
        given = [name for name in self.members if name in known]
        allowed = _CONTENTS[method]
        if not allowed and not given:
            return ""
        if len(given) != 1 or given[0] not in allowed:
            reject(self.pointer, f"{method} {_expected(allowed)}")
        return given[0]


def _expected(names: Sequence[str]) -> str:
    if not names:
        return "does not take item, patch, jsonPatch or update"
    return f"requires {'exactly one of ' if len(names) > 1 else ''}{', '.join(names)}"


def _check_distinct(keys: Sequence[ItemKey], pointer: str) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for index, key in enumerate(keys):
        first = seen.setdefault(key.values, index)
        if first != index:
            reject(f"{pointer}/{index}", f"has the same key as {pointer}/{first}")
