"""What the batch routes read from a request: operations or keys, each fault with its place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from flask import Request
from marshmallow import Schema, ValidationError

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import (
    MAX_ERRORS,
    FieldError,
    InvalidKey,
    InvalidRequest,
    ItemsError,
    OperationsRejected,
    UnacceptableItem,
)
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.preconditions import Precondition
from dynamodb_items.expressions.native_update import NativeCondition, native_condition
from dynamodb_items.formats.limits import pointer_to, refuse
from dynamodb_items.formats.strict_json import parse_json
from dynamodb_items.runtime.deadline import in_turns
from dynamodb_items.storage.write_commands import Check, Delete, Write
from dynamodb_items.web.codecs import Projection, parse_projection
from dynamodb_items.web.media_types import PatchForm, Representation, item_representation
from dynamodb_items.web.middleware.authentication import permitted_key
from dynamodb_items.web.openapi.schemas import BatchGetSchema, BatchSchema
from dynamodb_items.web.request.preconditions import parse_precondition, require_precondition
from dynamodb_items.web.request.requests import invalid_query
from dynamodb_items.web.request.write_bodies import WriteBody

_BATCH = BatchSchema()
_BATCH_GET = BatchGetSchema()
_PATCH_FORMS = {
    "patch": PatchForm.MERGE,
    "jsonPatch": PatchForm.JSON_PATCH,
    "update": PatchForm.NATIVE,
}
# What each method takes besides the key and preconditions: exactly one of these.
_CONTENTS: Mapping[str, tuple[str, ...]] = {
    "PUT": ("item",),
    "PATCH": tuple(_PATCH_FORMS),
    "DELETE": (),
    "CHECK": (),
}


def operations_of(request: Request, settings: Settings) -> list[Write]:
    """The writes that a batch asks for, each of another item.

    Raises:
        UnsupportedMediaType, InvalidBody: the body cannot be read.
        InvalidRequest: a header or the query string asks what is asked of one item.
        UnacceptableItem: it is no batch.
        OperationsRejected: some operations cannot be carried out; its errors say which.
    """
    _check_head(request)
    representation = item_representation(request)
    batch = loaded_body(request, _BATCH)
    writes: list[Write] = []
    refused: list[tuple[int, ItemsError]] = []
    for index, operation in enumerate(in_turns(batch["operations"])):
        pointer = f"/operations/{index}"
        try:
            writes.append(_Operation(operation, pointer, settings).write(representation))
        except ItemsError as error:
            refused.append((index, error))
    if refused:
        raise OperationsRejected(refused)
    _check_distinct([write.key for write in writes], "/operations")
    return writes


def keys_of(request: Request, settings: Settings) -> tuple[list[ItemKey], Projection | None]:
    """The item keys that a batch reads, each once, and what of the items it returns.

    Raises:
        UnsupportedMediaType, InvalidBody: the body cannot be read.
        InvalidRequest: a header or the query string asks what is asked of one item.
        UnacceptableItem: it is no list of different keys.
    """
    _check_head(request)
    item_representation(request)
    batch = loaded_body(request, _BATCH_GET)
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
        refuse("/fields", str(error))


def _check_head(request: Request) -> None:
    """Refuse what stands for one item: to ignore it could lose an update, or answer another
    question.
    """
    for name in ("If-Match", "If-None-Match"):
        if name in request.headers:
            raise InvalidRequest(
                f"{name} stands for one item; ifMatch and ifNoneMatch do in an operation."
            )
    if request.args:
        raise invalid_query({name: ["Unknown field."] for name in request.args})


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
        own = self.settings.own_attributes
        body = WriteBody(self.members.get(content), key, precondition, own, pointer)
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
            refuse(pointer_to(self.pointer, "method"), "is not allowed in this deployment")
        return write

    def _condition(self, method: str, key: ItemKey) -> NativeCondition | None:
        if "condition" not in self.members:
            return None
        pointer = pointer_to(self.pointer, "condition")
        if method == "PATCH":
            refuse(pointer, "belongs to PUT, DELETE and CHECK; in a PATCH it is part of update")
        return native_condition(self.members["condition"], key.attributes, pointer)

    def _check(
        self, key: ItemKey, precondition: Precondition, condition: NativeCondition | None
    ) -> Check:
        if condition is None and not precondition:
            refuse(self.pointer, "CHECK takes a condition with a ConditionExpression, or ifMatch")
        return Check(key, precondition, condition)

    def _precondition(self) -> Precondition:
        try:
            precondition = parse_precondition(
                self.members.get("ifMatch"), self.members.get("ifNoneMatch")
            )
        except InvalidRequest as error:
            refuse(self.pointer, error.detail)
        if self.settings.require_if_match and self.members["method"] != "CHECK":
            require_precondition(precondition)
        return precondition

    def _content(self, method: str) -> str:
        """The name of the member that the method takes, empty for none."""
        known = {"item", *_PATCH_FORMS}
        given = [name for name in self.members if name in known]
        allowed = _CONTENTS[method]
        if not allowed and not given:
            return ""
        if len(given) != 1 or given[0] not in allowed:
            refuse(self.pointer, f"{method} takes {_one_of(allowed)}")
        return given[0]


def _one_of(names: Sequence[str]) -> str:
    return f"exactly one of {', '.join(names)}" if len(names) > 1 else " ".join(names) or "no body"


def key_in_body(members: Mapping[str, Any], pointer: str, settings: Settings) -> ItemKey:
    """Return the item key of the members ``id`` and ``name``.

    Raises:
        UnacceptableItem: no item can have this key.
        NotPermitted: it is in a partition that is not the caller's.
    """
    try:
        return permitted_key(settings, members["id"], members["name"])
    except InvalidKey as error:
        refuse(pointer, error.detail)


def _check_distinct(keys: Sequence[ItemKey], pointer: str) -> None:
    seen: dict[tuple[str, str], int] = {}
    for index, key in enumerate(keys):
        first = seen.setdefault(key.values, index)
        if first != index:
            refuse(f"{pointer}/{index}", f"has the same key as {pointer}/{first}")


def loaded_body(request: Request, schema: Schema) -> Mapping[str, Any]:
    """Return the members of a JSON body that a schema describes.

    Raises:
        InvalidBody: it cannot be read.
        UnacceptableItem: the schema does not allow it; its errors point at up to 100 members.
    """
    value = parse_json(request.get_data())
    try:
        loaded: Mapping[str, Any] = schema.load(value)
    except ValidationError as error:
        messages = cast("Mapping[str, Any]", error.messages)
        errors = tuple(islice(_field_errors(messages, ""), MAX_ERRORS))
        raise UnacceptableItem(
            "The body is not valid: each member of `errors` points at a problem.", errors
        ) from None
    return loaded


def _field_errors(messages: Any, pointer: str) -> Iterator[FieldError]:
    if not isinstance(messages, Mapping):
        yield from (FieldError(pointer, str(message)) for message in messages)
        return
    for name, inner in messages.items():
        yield from _field_errors(inner, pointer if name == "_schema" else pointer_to(pointer, name))
