"""The one table from what goes wrong to the RFC 9457 problem that a client sees.

https://www.rfc-editor.org/rfc/rfc9457
"""

import random
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import orjson
import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from service import errors
from service.web.media_types import PROBLEM_JSON
from service.web.telemetry import record_of

log = structlog.get_logger(__name__)

DOCUMENTATION_PATH = "/docs/errors"


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem: its place in the documentation, its status, when to try again."""

    slug: str
    status: HTTPStatus
    title: str
    advice: str
    retry_after_seconds: tuple[int, int] | None = None
    """The least and the most; spread, so that clients don't come back all at once."""

    @property
    def type(self) -> str:
        """The URI reference of its documentation."""
        return f"{DOCUMENTATION_PATH}#{self.slug}"


def _problem(
    slug: str, status: int, title: str, advice: str, retry_after: tuple[int, int] | None = None
) -> Problem:
    return Problem(slug, HTTPStatus(status), title, advice, retry_after)


PROBLEMS: Mapping[type[errors.ItemsError], Problem] = {
    errors.Unauthenticated: _problem(
        "unauthenticated",
        401,
        "The caller is not known",
        "Send a valid credential; `WWW-Authenticate` says of which kind, and `detail` what is "
        "wrong with the one sent.",
    ),
    errors.NotPermitted: _problem(
        "not-permitted",
        403,
        "The caller may not do this",
        "Reads need the scope `items:read`, writes `items:write`. A caller that is held to one "
        "partition reaches no item outside of it.",
    ),
    errors.InvalidKey: _problem(
        "invalid-key",
        400,
        "The URL names no possible item key",
        "Percent-encode each key as UTF-8; a number key is a decimal of up to 38 digits.",
    ),
    errors.InvalidRequest: _problem(
        "invalid-request",
        400,
        "A header or query parameter cannot be understood",
        "Mend what `detail` and `errors` name.",
    ),
    errors.InvalidBody: _problem(
        "invalid-body",
        400,
        "The body cannot be read",
        "Send one JSON value in UTF-8, each key once in its object.",
    ),
    errors.UnacceptableItem: _problem(
        "unacceptable-item",
        422,
        "The body is well-formed but cannot be stored",
        "Each member of `errors` points at a fault in the body.",
    ),
    errors.ItemTooLarge: _problem(
        "item-too-large",
        413,
        "The item is too large",
        "An item's names and values take at most 400 KB, a body at most 1 MiB.",
    ),
    errors.ItemNotFound: _problem(
        "item-not-found", 404, "No item has this key", "Create it with PUT."
    ),
    errors.PreconditionFailed: _problem(
        "precondition-failed",
        412,
        "The precondition does not hold",
        "Nothing was written. Read the item again and decide anew.",
    ),
    errors.PatchTestFailed: _problem(
        "patch-test-failed",
        409,
        "A test of the JSON Patch does not hold",
        "Nothing was written. Read the item again and decide anew.",
    ),
    errors.IdempotencyKeyReused: _problem(
        "idempotency-key-reused",
        422,
        "The Idempotency-Key belongs to another request",
        "Nothing was written now. Use a new key for each new request, and the same one only to "
        "repeat it unchanged.",
    ),
    errors.PreconditionRequired: _problem(
        "precondition-required",
        428,
        "A precondition is required",
        "Send `If-Match` with the item's ETag, or `If-None-Match: *` to create.",
    ),
    errors.StorageThrottled: _problem(
        "throttled",
        503,
        "The table is busy",
        "Nothing was written. Retry after the time given.",
        (1, 3),
    ),
    errors.StorageUnavailable: _problem(
        "table-unavailable",
        503,
        "The table cannot be reached",
        "Nothing was written. Retry after the time given.",
        (1, 1),
    ),
    errors.CredentialsUnavailable: _problem(
        "credentials-unavailable",
        503,
        "The service has no valid credentials",
        "Nothing was written. Operator: check the instance profile and the metadata service.",
        (5, 5),
    ),
    errors.StorageMisconfigured: _problem(
        "misconfigured",
        503,
        "The service is not set up for its table",
        "Nothing was written. Operator: the log has AWS's own words: permissions, the table's "
        "name and region, its key schema, the clock.",
        (30, 30),
    ),
    errors.StorageTimeout: _problem(
        "timeout", 504, "The table did not answer in time", "Nothing was written. Repeat it."
    ),
    errors.OutcomeUnknown: _problem(
        "outcome-unknown",
        504,
        "The write may or may not have been applied",
        'The member `"outcome": "unknown"` marks it. Read the item before writing again, or '
        "write with `If-Match`.",
    ),
}

_HTTP_PROBLEMS: Mapping[int, Problem] = {
    problem.status: problem
    for problem in (
        _problem(
            "bad-request",
            400,
            "The request cannot be understood",
            "The request line, a header or the body is malformed, or the body broke off.",
        ),
        _problem(
            "not-found",
            404,
            "There is nothing at this path",
            "Items are at `/items/{id}/{name}`; a `/` inside a key is sent as `%2F`.",
        ),
        _problem(
            "method-not-allowed",
            405,
            "The method is not allowed",
            "The `Allow` header lists the methods of this path.",
        ),
        _problem(
            "not-acceptable",
            406,
            "No representation is acceptable",
            "Accept `application/json` or `application/vnd.dynamodb+json`.",
        ),
        _problem(
            "request-timeout",
            408,
            "The body did not come in time",
            "Send it again, all at once.",
        ),
        _problem("body-too-large", 413, "The body is too large", "Bodies take up to 1 MiB."),
        _problem(
            "unsupported-media-type",
            415,
            "The body's media type is not supported",
            "Set Content-Type to one that `detail` names.",
        ),
        _problem(
            "too-many-requests",
            429,
            "The caller asks too often",
            "Nothing was done. Retry after the time given; the RateLimit headers tell how much "
            "is left.",
        ),
    )
}

_UNEXPECTED = _problem(
    "internal-error",
    500,
    "Something went wrong here",
    "A defect of the service: report it with its `request_id`.",
)
_NOT_READY = _problem(
    "not-ready",
    503,
    "The service is not ready",
    "Send requests to another instance until `/ready` answers 200.",
    (1, 1),
)
_OVERLOADED = _problem(
    "overloaded",
    503,
    "The service is busy",
    "Nothing was written. Retry after the time given; there are more requests than one worker "
    "takes on.",
    (1, 1),
)


def all_problems() -> list[Problem]:
    """Every problem that a client may meet, by status."""
    known = [*PROBLEMS.values(), *_HTTP_PROBLEMS.values(), _NOT_READY, _OVERLOADED, _UNEXPECTED]
    return sorted(known, key=lambda problem: problem.status)


def problem_response(
    problem: Problem,
    detail: str,
    field_errors: tuple[errors.FieldError, ...] = (),
    **extensions: str,
) -> Response:
    """A problem as an answer to the current request."""
    body = _body(
        problem,
        detail,
        request.path,
        record_of(request.environ).request_id,
        field_errors=field_errors,
        extensions=extensions,
    )
    response = Response(body, problem.status, content_type=PROBLEM_JSON)
    response.headers["Cache-Control"] = "no-store"
    if problem.retry_after_seconds is not None:
        least, most = problem.retry_after_seconds
        response.headers["Retry-After"] = str(random.randint(least, most))  # noqa: S311
    return response


def too_many_requests(detail: str) -> Response:
    """What a caller gets that asks too often."""
    return problem_response(_HTTP_PROBLEMS[429], detail)


def _field_error(error: errors.FieldError) -> dict[str, str]:
    members = {"pointer": error.pointer, "detail": error.detail}
    if error.kind is not None:
        members["type"] = _problem_of(error.kind).type
    return members


def _problem_of(kind: type[errors.ItemsError]) -> Problem:
    return next(PROBLEMS[each] for each in kind.__mro__ if each in PROBLEMS)


def overloaded(path: str, request_id: str) -> tuple[str, list[tuple[str, str]], bytes]:
    """What a request over the limit is told: status line, headers and body, made without Flask,
    which is most of what a request costs.
    """
    body = _body(_OVERLOADED, "This worker has all the requests it takes on.", path, request_id)
    headers = [
        ("Content-Type", PROBLEM_JSON),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("Retry-After", "1"),
        ("X-Request-Id", request_id),
    ]
    return f"{_OVERLOADED.status.value} {_OVERLOADED.status.phrase}", headers, body


def _body(
    problem: Problem,
    detail: str,
    path: str,
    request_id: str,
    *,
    field_errors: tuple[errors.FieldError, ...] = (),
    extensions: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    members: dict[str, Any] = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status.value,
        "detail": detail,
        "instance": path,
        "request_id": request_id,
        **extensions,
    }
    if field_errors:
        members["errors"] = [_field_error(error) for error in field_errors]
    return orjson.dumps(members, default=str)


def not_ready_response(detail: str) -> Response:
    """What ``/ready`` answers while a load balancer should look elsewhere."""
    return problem_response(_NOT_READY, detail)


def handle_items_error(error: errors.ItemsError) -> Response:
    """The problem of a domain error."""
    problem = _problem_of(type(error))
    extensions = {"outcome": "unknown"} if isinstance(error, errors.OutcomeUnknown) else {}
    return problem_response(problem, error.detail, error.errors, **extensions)


def handle_http_exception(error: HTTPException) -> Response:
    """The problem of what Flask and Werkzeug refuse, with headers such as Allow kept."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if status < HTTPStatus.BAD_REQUEST:  # a redirect is no problem
        return error.get_response()  # type: ignore[return-value]
    problem = _HTTP_PROBLEMS.get(status)
    if problem is None:
        title = HTTPStatus(status).phrase
        slug = "bad-request" if status < 500 else "internal-error"  # noqa: PLR2004
        problem = _problem(slug, status, title, f"{title}.")
    # Werkzeug's stock sentences speak to the reader of a web page; our advice says more.
    is_stock = error.description == type(error).description
    response = problem_response(problem, problem.advice if is_stock else str(error.description))
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def handle_unexpected(error: Exception) -> Response:
    """A defect: its stack goes to the log, its request id to the client."""
    # Its words may hold an item's values, which only level debug may show.
    request_id = record_of(request.environ).request_id
    log.error("unexpected error", request_id=request_id, stack=_stack(error))
    log.debug("unexpected error", request_id=request_id, exc_info=error)
    return problem_response(_UNEXPECTED, "The request failed; its request_id finds it in the log.")


def _stack(error: BaseException | None) -> str:
    """Where an error and those behind it came up, without their words."""
    parts = []
    while error is not None:
        parts += [*traceback.format_tb(error.__traceback__), f"{type(error).__qualname__}\n"]
        error = error.__cause__ or error.__context__
    return "".join(parts)


def install(app: Flask) -> None:
    """Answer every error of the app with a problem."""
    app.register_error_handler(errors.ItemsError, handle_items_error)
    app.register_error_handler(HTTPException, handle_http_exception)
    app.register_error_handler(Exception, handle_unexpected)


def documentation() -> str:
    """The error reference as Markdown, a section for each problem."""
    lines = [
        "# Errors",
        "",
        "Every error is an `application/problem+json` body (RFC 9457): `type`, `title`, `status`,",
        "`detail`, `instance`, `request_id`, and `errors` for the faults of single fields, each a",
        "`pointer` into the body (RFC 6901), or `?` and a query parameter's name, and a `detail`.",
        "`type` points at a section below.",
        "",
        "This page is generated from the table in `service/web/problems.py`: `make fix`.",
    ]
    for problem in all_problems():
        lines += ["", f"## {problem.slug}", "", f"**{problem.status.value}** {problem.title}."]
        if problem.retry_after_seconds:
            least, most = problem.retry_after_seconds
            lines[-1] += f" `Retry-After: {least if least == most else f'{least} to {most}'}`."
        lines += ["", problem.advice]
    return "\n".join(lines) + "\n"
