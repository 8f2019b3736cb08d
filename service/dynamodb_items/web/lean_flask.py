"""Flask without what this service never uses; each line here was measured.

There are no sessions, no asynchronous views, no hosts or subdomains to route on, no hooks of
blueprints on the way to an item.
"""

import functools
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from blinker import Signal
from flask import Flask, Request, Response
from flask import signals as flask_signals
from flask.ctx import RequestContext
from flask.globals import _cv_app, _cv_request, request_ctx
from flask.sessions import NullSession, SessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import Headers
from werkzeug.routing import MapAdapter, Rule

from dynamodb_items.web.media_types import PATCH_FORMS
from dynamodb_items.web.middleware.telemetry import ROUTE_TEMPLATE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_SIGNALS = tuple(each for each in vars(flask_signals).values() if isinstance(each, Signal))
_VARIABLE_PART = re.compile(r"<(?:[^<>:]*:)?([^<>:]*)>")


class _NoSessions(SessionInterface):
    _session = NullSession()

    def open_session(self, app: Flask, request: Request) -> SessionMixin:  # noqa: ARG002
        return self._session

    def is_null_session(self, obj: object) -> bool:  # noqa: ARG002
        return True


class _Fields(Headers):
    """Headers that need no check: nothing in them comes from a client."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._list = fields


class LeanResponse(Response):
    """An answer whose headers are complete: what Werkzeug would look for is not there."""

    @classmethod
    def of(
        cls,
        body: bytes,
        media_type: str,
        fields: Iterable[tuple[str, str]],
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Self:
        """An answer with a body."""
        headers = _Fields(
            [("Content-Type", media_type), ("Content-Length", str(len(body))), *fields]
        )
        return cls([body], status, headers)

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

    def dispatch_request(self) -> ResponseReturnValue:
        """Flask's own; ``OPTIONS *`` is about the server as a whole.

        https://www.rfc-editor.org/rfc/rfc9110#section-9.3.7
        """
        environ = request_ctx.request.environ
        if environ["PATH_INFO"] == "*" and environ["REQUEST_METHOD"] == "OPTIONS":
            methods = {
                method for rule in self.url_map.iter_rules() for method in rule.methods or ()
            }
            return _options_response(sorted(methods))
        return super().dispatch_request()

    def make_default_options_response(self) -> Response:
        """The methods of a path, and the media types of its patches."""
        adapter = request_ctx.url_adapter
        return _options_response([] if adapter is None else sorted(adapter.allowed_methods()))

    def request_context(self, environ: "WSGIEnvironment") -> RequestContext:
        """The context of one request, which leaves its route in the environment."""
        return _Context(self, environ)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Route on the path alone: the Host header decides nothing here.

        None where there is no request, or where it is routed already.
        """
        if request is None or ROUTE_TEMPLATE in request.environ:
            return None
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

    def wsgi_app(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request: of an item, without what Flask does for no hook at all."""
        route = None if self._has_hooks_of_others else self._short_route(environ)
        if route is None:
            return super().wsgi_app(environ, start_response)
        rule, keys = route
        _remember_route(environ, rule)
        context = _Context(self, environ)
        context.request.url_rule, context.request.view_args = rule, keys
        of_app = _cv_app.set(self.app_context())
        of_request = _cv_request.set(context)
        try:
            try:
                response = self._response(rule, keys)
            except Exception as error:  # noqa: BLE001 - as Flask does
                response = self.handle_exception(error)
            return response(environ, start_response)
        finally:
            _cv_request.reset(of_request)
            _cv_app.reset(of_app)
            environ["werkzeug.request"] = None  # a cycle, which the garbage collector would find

    def _response(self, rule: Rule, keys: dict[str, Any]) -> Response:
        answer: Any
        try:
            for before in self.before_request_funcs.get(None, ()):
                answer = before()
                if answer is not None:
                    break
            else:
                answer = self.view_functions[rule.endpoint](**keys)
        except Exception as error:  # noqa: BLE001 - as Flask does
            answer = self.handle_user_exception(error)
        response = answer if isinstance(answer, Response) else self.make_response(answer)
        for after in reversed(self.after_request_funcs.get(None, ())):
            response = after(response)
        return response

    @functools.cached_property
    def _has_hooks_of_others(self) -> bool:
        """Whether anything is to be called that the short way does not call."""
        return bool(
            self.teardown_request_funcs
            or self.teardown_appcontext_funcs
            or self.url_value_preprocessors
            or any(signal.receivers for signal in _SIGNALS)
        )

    def _short_route(self, environ: "WSGIEnvironment") -> tuple[Rule, dict[str, Any]] | None:
        """The route of an item whose key has no escape: then the key is what the path says."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        for pattern, methods, rule in self._short_routes:
            match = pattern.fullmatch(path)
            if match is not None and method in methods:
                return rule, match.groupdict()
        return None

    @functools.cached_property
    def _short_routes(self) -> list[tuple[re.Pattern[str], set[str], Rule]]:
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


def _options_response(methods: list[str]) -> Response:
    headers = {"Allow": ", ".join(methods)}
    if "PATCH" in methods:  # https://www.rfc-editor.org/rfc/rfc5789#section-3.1
        headers["Accept-Patch"] = ", ".join(PATCH_FORMS)
    response = Response(headers=headers)
    del response.headers["Content-Type"]
    return response


def _remember_route(environ: "WSGIEnvironment", rule: Rule) -> None:
    environ[ROUTE_TEMPLATE] = route_template(rule.rule)


@functools.cache
def route_template(rule: str) -> str:
    """A route as OpenAPI writes it, such as ``/items/{id}/{name}``."""
    return _VARIABLE_PART.sub(r"{\1}", rule)
