"""Flask without what this service never uses; each line here was measured.

There are no sessions, no asynchronous views, no hosts or subdomains to route on.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import NullSession, SessionInterface, SessionMixin
from werkzeug.routing import MapAdapter


class _NoSessions(SessionInterface):
    _session = NullSession()

    def open_session(self, app: Flask, request: Request) -> SessionMixin:  # noqa: ARG002
        return self._session

    def is_null_session(self, obj: object) -> bool:  # noqa: ARG002
        return True


class LeanFlask(Flask):
    """Flask, sooner done with a request."""

    session_interface = _NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Every view and hook is synchronous; Flask would look at each one, each time."""
        return func

    def make_default_options_response(self) -> Response:
        """Flask's own, without the media type of a body that it doesn't have."""
        response = super().make_default_options_response()
        del response.headers["Content-Type"]
        return response

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Route on the path alone: the Host header decides nothing here."""
        if request is None:
            return super().create_url_adapter(request)
        environ = request.environ
        return self.url_map.bind(
            "",
            environ.get("SCRIPT_NAME", ""),
            None,
            environ["wsgi.url_scheme"],
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            environ.get("QUERY_STRING", ""),
        )
