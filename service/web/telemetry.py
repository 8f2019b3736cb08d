"""A request id for every request, and one log line, as JSON on standard output."""

import logging
import re
import secrets
import time

import structlog
from flask import Flask, Response, g, request

log = structlog.get_logger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)


def configure_logging(level: str) -> None:
    """Write log lines of this level and above as JSON, the libraries' warnings among them."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=True,
    )


def install(app: Flask) -> None:
    """Give each request its id, echo it, and log the request when it is answered."""
    app.before_request(_begin)
    app.after_request(_end)


def request_id_of(given: str) -> str:
    """The id that the client gave in X-Request-Id, or a new one where that is none."""
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _begin() -> None:
    g.request_id = request_id_of(request.headers.get("X-Request-Id", ""))
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    log.info(
        "request",
        request_id=g.request_id,
        method=request.method,
        path=request.path,
        status=response.status_code,
        milliseconds=round((time.perf_counter() - g.began) * 1000, 1),
    )
    return response
