"""From an error to the response with its problem.

https://www.rfc-editor.org/rfc/rfc9457
"""

import random
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import orjson
import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from dynamodb_items.domain import errors
from dynamodb_items.web.media_types import PROBLEM_JSON
from dynamodb_items.web.middleware.context import record_of
from dynamodb_items.web.middleware.raw_path import path_prefix
from dynamodb_items.web.response.problems import INTERNAL_ERROR, OVERLOADED, Problem, problem_of

log = structlog.get_logger(__name__)


def install(app: Flask) -> None:
    """Respond to every error of the app with a problem."""
    app.register_error_handler(errors.ItemsError, handle_items_error)
    app.register_error_handler(HTTPException, handle_http_exception)
    app.register_error_handler(Exception, handle_unexpected)


def handle_items_error(error: errors.ItemsError) -> Response:
    """Return the problem of one of the service's own errors."""
    extensions = {"outcome": "unknown"} if isinstance(error, errors.OutcomeUnknown) else {}
    return problem_response(problem_of(type(error)), error.detail, error.errors, **extensions)


def handle_http_exception(error: HTTPException) -> Response:
    """Return the problem of an error of Flask or Werkzeug, with headers such as Allow."""
    if (error.code or HTTPStatus.INTERNAL_SERVER_ERROR) < HTTPStatus.BAD_REQUEST:  # a redirect
        return error.get_response()  # type: ignore[return-value]
    problem = problem_of(type(error))
    # Werkzeug's default descriptions are written for web pages; the advice is more precise.
    is_default = error.description == type(error).description
    response = problem_response(problem, problem.advice if is_default else str(error.description))
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def handle_unexpected(error: Exception) -> Response:
    """Return the problem of a defect: the log gets its stack, the client the request id."""
    # An error's message may contain values of an item, which only level debug may log.
    request_id = record_of(request.environ).request_id
    log.error("unexpected error", request_id=request_id, stack=_stack(error))
    log.debug("unexpected error", request_id=request_id, exc_info=error)
    return problem_response(
        INTERNAL_ERROR, "The request failed. The log contains the cause under its `request_id`."
    )


def overloaded(environ: Mapping[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return the status line, headers and body of the response to a request over the limit.

    Made without Flask, which is most of what a request costs.
    """
    root = path_prefix(environ)
    path = (environ.get("RAW_URI") or root + environ.get("PATH_INFO", "")).partition("?")[0]
    detail = "This worker has reached its limit of requests in progress."
    body = _body(OVERLOADED, detail, root, path, record_of(environ).request_id)
    headers = [
        ("Content-Type", PROBLEM_JSON),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("Retry-After", "1"),
    ]
    return f"{OVERLOADED.status.value} {OVERLOADED.status.phrase}", headers, body


def problem_response(
    problem: Problem,
    detail: str,
    field_errors: tuple[errors.FieldError, ...] = (),
    **extensions: Any,
) -> Response:
    """Return a problem as the response to the current request."""
    root = path_prefix(request.environ)
    body = _body(
        problem,
        detail,
        root,
        root + request.path,
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


def _body(
    problem: Problem,
    detail: str,
    root: str,
    path: str,
    request_id: str,
    *,
    field_errors: tuple[errors.FieldError, ...] = (),
    extensions: Mapping[str, Any] = MappingProxyType({}),
) -> bytes:
    members: dict[str, Any] = {
        "type": root + problem.type,
        "title": problem.title,
        "status": problem.status.value,
        "detail": detail,
        "instance": path,
        "request_id": request_id,
        **extensions,
    }
    if field_errors:
        members["errors"] = [
            _error_member(error, root) for error in field_errors[: errors.MAX_ERRORS]
        ]
    return orjson.dumps(members, default=str)


def _error_member(error: errors.FieldError, root: str) -> dict[str, Any]:
    members = {"pointer": error.pointer, "detail": error.detail, **error.state}
    if error.kind is not None:
        members["type"] = root + problem_of(error.kind).type
    return members


def _stack(error: BaseException | None) -> str:
    """Return the stack of an error and of its causes, without their messages."""
    parts = []
    while error is not None:
        parts += [*traceback.format_tb(error.__traceback__), f"{type(error).__qualname__}\n"]
        error = error.__cause__ or error.__context__
    return "".join(parts)
