"""Requests that a middleware refuses, before their body is read and before Flask does any work.

Flask answers them all the same, as problems and with every header, through its error handlers.
"""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask.globals import request_ctx

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_REFUSAL = "items.refusal"


def install(app: Flask) -> None:
    """Answer refused requests with what they were refused for."""
    app.before_request(_raise)


def refuse(environ: "WSGIEnvironment", refusal: Exception) -> None:
    """Have the request answered with this error, and take its body away: nothing reads it."""
    environ[_REFUSAL] = refusal
    environ["wsgi.input"] = io.BytesIO()
    environ["CONTENT_LENGTH"] = "0"
    environ.pop("HTTP_TRANSFER_ENCODING", None)


def is_refused(environ: Mapping[str, Any]) -> bool:
    """Whether a middleware further out has refused the request."""
    return _REFUSAL in environ


def _raise() -> None:
    refusal: Exception | None = request_ctx.request.environ.get(_REFUSAL)
    if refusal is not None:
        raise refusal
