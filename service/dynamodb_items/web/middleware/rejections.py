"""Requests that a middleware rejects before their body is read.

``ItemsFlask`` raises the error before it calls a view, so Flask's error handlers make the response.
"""

import io
from wsgiref.types import WSGIEnvironment

from dynamodb_items.web.middleware.context import ensure_context


def reject(environ: WSGIEnvironment, error: Exception) -> None:
    """Reject a request with an error, and remove its body so that nothing reads it."""
    ensure_context(environ).rejection = error
    environ["wsgi.input"] = io.BytesIO()
    environ["CONTENT_LENGTH"] = "0"
    environ.pop("HTTP_TRANSFER_ENCODING", None)
