"""The requests of the item routes: key, preconditions, preferences, query."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, cast
from urllib.parse import quote

from flask import Request
from marshmallow import Schema, ValidationError

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import FieldError, InvalidRequest
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.preconditions import Precondition
from dynamodb_items.domain.write_tokens import WriteToken
from dynamodb_items.web.codecs import Projection, parse_projection
from dynamodb_items.web.media_types import Representation, accepted_representation
from dynamodb_items.web.middleware.authentication import caller_may_read, permitted_key
from dynamodb_items.web.middleware.raw_path import decoded_strictly
from dynamodb_items.web.request.idempotency import idempotency_key, write_token
from dynamodb_items.web.request.preconditions import precondition_of, require_precondition
from dynamodb_items.web.request.prefer import Return, permitted_return
from dynamodb_items.web.request.query_schemas import ProjectionQuerySchema, ReadQuerySchema
from dynamodb_items.web.request.write_bodies import WriteBody

_READ_QUERY = ReadQuerySchema()
_PROJECTION_QUERY = ProjectionQuerySchema()


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A GET or HEAD of an item."""

    key: ItemKey
    precondition: Precondition
    representation: Representation
    projection: Projection | None
    consistent: bool

    @classmethod
    def of(cls, request: Request, settings: Settings, partition: str, sort: str | None) -> Self:
        """Read the request.

        Raises:
            InvalidKey, InvalidRequest: the key, a header or a query parameter is invalid.
            NotPermitted: the caller may not access the item's partition.
            NotAcceptable: the Accept header accepts no representation.
        """
        query = query_of(request, _READ_QUERY)
        return cls(
            key=permitted_key(settings, partition, sort),
            precondition=precondition_of(request),
            representation=accepted_representation(request),
            projection=projection_of(query, settings),
            consistent=query.get("consistent_read", settings.consistent_read),
        )


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """A PUT, PATCH or DELETE of an item."""

    key: ItemKey
    precondition: Precondition
    representation: Representation
    projection: Projection | None
    prefers: Return | None
    returns: Return
    """What the response contains: the preference, or the method's default."""
    shows_item: bool
    """Whether the caller may read, so that the response shows the item or its entity tag."""
    token: WriteToken | None
    """The write token of a request with an Idempotency-Key."""

    @classmethod
    def of(
        cls,
        request: Request,
        settings: Settings,
        partition: str,
        sort: str | None,
        default: Return,
    ) -> Self:
        """Read the request.

        Raises:
            InvalidKey, InvalidRequest: the key, a header or a query parameter is invalid.
            NotPermitted: the caller may not access the item's partition.
            PreconditionRequired: this deployment requires a precondition.
            NotAcceptable: the response has a representation, and Accept accepts neither.
        """
        return cls.of_key(request, settings, permitted_key(settings, partition, sort), default)

    @classmethod
    def of_key(cls, request: Request, settings: Settings, key: ItemKey, default: Return) -> Self:
        """Read a request whose item key is known and permitted.

        Raises:
            InvalidRequest, PreconditionRequired, NotAcceptable: as in ``of``.
        """
        prefers = permitted_return(request)
        shows_item = caller_may_read()
        returns = prefers or (default if shows_item else Return.MINIMAL)
        precondition = precondition_of(request)
        if settings.require_if_match:
            require_precondition(precondition)
        idempotency = idempotency_key(request)
        return cls(
            key=key,
            precondition=precondition,
            representation=(
                accepted_representation(request)
                if returns is Return.REPRESENTATION
                else Representation.PLAIN
            ),
            projection=projection_of(query_of(request, _PROJECTION_QUERY), settings),
            prefers=prefers,
            returns=returns,
            shows_item=shows_item,
            token=None
            if idempotency is None
            else write_token(request, idempotency, settings.table, item_path(key)),
        )

    def body(self, value: Any, settings: Settings, pointer: str = "") -> WriteBody:
        """Return the parsed body, or the part of it at ``pointer``, as a body of this write."""
        return WriteBody(value, self.key, self.precondition, settings, pointer)


def item_path(key: ItemKey) -> str:
    """Return the canonical path of an item."""
    return "/".join(("/items", *(quote(value, safe="") for value in key.values)))


def query_of(request: Request, schema: Schema) -> Mapping[str, Any]:
    """Return the query parameters that a schema describes.

    Raises:
        InvalidRequest: a parameter is invalid, unknown or given more than once.
    """
    if not request.environ.get("QUERY_STRING"):
        return {}
    try:
        decoded_strictly(request.query_string.decode("latin-1"))
    except ValueError as error:
        raise InvalidRequest(f"Invalid query string: {error}.") from None
    arguments = dict(request.args.lists())
    once = {name: values for name, values in arguments.items() if name != "fields"}
    if repeated := [name for name, values in once.items() if len(values) > 1]:
        raise invalid_query({name: ["must be given only once"] for name in repeated})
    try:
        query: Mapping[str, Any] = schema.load(
            arguments | {name: value for name, (value,) in once.items()}
        )
    except ValidationError as error:
        messages = cast("Mapping[str, list[str]]", error.messages)
        raise invalid_query(messages) from None
    return query


def reject_query(request: Request) -> None:
    """Reject query parameters, where the body contains everything.

    Raises:
        InvalidRequest: the request has some.
    """
    if request.args:
        raise invalid_query({name: ["Unknown field."] for name in request.args})


def projection_of(query: Mapping[str, Any], settings: Settings) -> Projection | None:
    """Return the projection in ``fields``, None without it.

    Raises:
        InvalidRequest: a path is invalid.
    """
    paths = query.get("fields_")
    if paths is None:
        return None
    try:
        return parse_projection(paths, settings.key_schema.names)
    except ValueError as error:
        raise invalid_query({"fields": [str(error)]}) from None


def invalid_query(messages: Mapping[str, Any]) -> InvalidRequest:
    """Return the error of a query string, from a list of messages for each parameter."""
    return InvalidRequest(
        "Invalid query parameters. Fix the problems listed in `errors`.",
        tuple(FieldError(f"?{name}", str(message)) for name, (message, *_) in messages.items()),
    )
