"""The Flask application class, with Flask's public interface alone."""

import functools
import re
from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import NullSession, SessionInterface, SessionMixin
from flask.typing import ResponseReturnValue

from dynamodb_items.web.media_types import PATCH_FORMS
from dynamodb_items.web.middleware.context import ensure_context

_VARIABLE_PART = re.compile(r"<(?:[^<>:]*:)?([^<>:]*)>")


class _NoSessions(SessionInterface):
    _session = NullSession()

    def open_session(self, app: Flask, request: Request) -> SessionMixin:  # noqa: ARG002
        return self._session

    def is_null_session(self, obj: object) -> bool:  # noqa: ARG002
        return True


class ItemsFlask(Flask):
    """Flask that serves this service's routes, rejections and OPTIONS requests.

    Later versions of Flask pass a context to the methods overridden here; it is passed on.
    """

    session_interface = _NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function: every view and hook is synchronous."""
        return func

    def preprocess_request(self, *context: Any) -> ResponseReturnValue | None:
        """Note the route, and raise the error that a middleware has rejected the request with."""
        state = ensure_context(request.environ)
        if request.url_rule is not None:
            state.route = route_template(request.url_rule.rule)
        if state.rejection is not None:
            raise state.rejection
        return super().preprocess_request(*context)

    def dispatch_request(self, *context: Any) -> ResponseReturnValue:
        """Call the view; ``OPTIONS *`` is about the server as a whole.

        https://www.rfc-editor.org/rfc/rfc9110#section-9.3.7
        """
        environ = request.environ
        if environ["PATH_INFO"] == "*" and environ["REQUEST_METHOD"] == "OPTIONS":
            rules = self.url_map.iter_rules()
            return _options_response({method for rule in rules for method in rule.methods or ()})
        return super().dispatch_request(*context)

    def make_default_options_response(self, *context: Any) -> Response:
        """Return the methods of a path, and the media types of its patches."""
        return _options_response(set(super().make_default_options_response(*context).allow))


def _options_response(methods: set[str]) -> Response:
    headers = {"Allow": ", ".join(sorted(methods))}
    if "PATCH" in methods:  # https://www.rfc-editor.org/rfc/rfc5789#section-3.1
        headers["Accept-Patch"] = ", ".join(PATCH_FORMS)
    response = Response(headers=headers)
    del response.headers["Content-Type"]
    return response


@functools.cache
def route_template(rule: str) -> str:
    """Return a route as OpenAPI writes it, such as ``/items/{id}/{name}``."""
    return _VARIABLE_PART.sub(r"{\1}", rule)
