"""Flask without what this service never uses; each line here was measured.

There are no sessions, no asynchronous views, no hosts or subdomains to route on, no hooks of
blueprints on the way to an item.
"""

import functools
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response
from flask.ctx import RequestContext
from flask.sessions import NullSession, SessionInterface, SessionMixin
from werkzeug.routing import MapAdapter, Rule

from service.web.telemetry import ROUTE_TEMPLATE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ROUTE = "items.route"
"""Where in the environment of a request its route is, once it has one."""

_VARIABLE_PART = re.compile(r"<(?:[^<>:]*:)?([^<>:]*)>")


class _NoSessions(SessionInterface):
    _session = NullSession()

    def open_session(self, app: Flask, request: Request) -> SessionMixin:  # noqa: ARG002
        return self._session

    def is_null_session(self, obj: object) -> bool:  # noqa: ARG002
        return True


class LeanResponse(Response):
    """An answer whose headers are complete: what Werkzeug would look for is not there."""

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer by WSGI."""
        if self._status_code != HTTPStatus.OK or not isinstance(self.response, list):
            return super().__call__(environ, start_response)
        start_response(self._status, self.headers.to_wsgi_list())
        return self.response if environ["REQUEST_METHOD"] != "HEAD" else ()


class _Context(RequestContext):
    def match_request(self) -> None:
        super().match_request()
        if self.request.url_rule is not None:
            _remember_route(self.request.environ, self.request.url_rule)


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

    def request_context(self, environ: "WSGIEnvironment") -> RequestContext:
        """The context of one request, which leaves its route in the environment."""
        return _Context(self, environ)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Route on the path alone: the Host header decides nothing here.

        None where there is no request, or where it is routed already.
        """
        if request is None:
            return None
        environ = request.environ
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        for pattern, methods, rule in self._short_routes:
            match = pattern.fullmatch(path)
            if match is not None and method in methods:
                request.url_rule, request.view_args = rule, match.groupdict()
                _remember_route(environ, rule)
                return None
        return self.url_map.bind(
            "",
            environ.get("SCRIPT_NAME", ""),
            None,
            environ["wsgi.url_scheme"],
            method,
            path,
            environ.get("QUERY_STRING", ""),
        )

    @functools.cached_property
    def _short_routes(self) -> list[tuple[re.Pattern[str], set[str], Rule]]:
        """The routes of items, where no key has an escape: then a key is what the path says."""
        keys = re.compile(r"<key_segment:(\w+)>")
        return [
            (
                re.compile(keys.sub(r"(?P<\1>[^/%#]+)", rule.rule)),
                (rule.methods or set()) - {"OPTIONS"},  # Flask answers these by its adapter
                rule,
            )
            for rule in self.url_map.iter_rules()
            if keys.search(rule.rule)
        ]


def _remember_route(environ: "WSGIEnvironment", rule: Rule) -> None:
    environ[ROUTE] = rule.rule
    environ[ROUTE_TEMPLATE] = route_template(rule.rule)


@functools.cache
def route_template(rule: str) -> str:
    """A route as OpenAPI writes it, such as ``/items/{id}/{name}``."""
    return _VARIABLE_PART.sub(r"{\1}", rule)
