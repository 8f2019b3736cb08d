"""The fast path for requests of items: Flask without the steps that nothing here uses.

No sessions, no hosts or subdomains to route on, no hooks of blueprints. It depends on internals of
Flask, so ``check_internals`` compares them at start with what this module was written for.
"""

import functools
import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from blinker import Signal
from flask import Flask, Request, Response
from flask import signals as flask_signals
from flask.ctx import RequestContext
from flask.globals import _cv_app, _cv_request
from werkzeug.routing import MapAdapter, Rule

from dynamodb_items.web.items_flask import ItemsFlask, route_template
from dynamodb_items.web.middleware.context import ensure_context

_SIGNALS = tuple(each for each in vars(flask_signals).values() if isinstance(each, Signal))

_INTERNALS: tuple[tuple[Callable[..., Any], str], ...] = (
    (Flask.wsgi_app, "self environ start_response"),
    (Flask.request_context, "self environ"),
    (Flask.create_url_adapter, "self request"),
    (Flask.app_context, "self"),
    (Flask.full_dispatch_request, "self"),
    (Flask.preprocess_request, "self"),
    (Flask.process_response, "self response"),
    (Flask.handle_user_exception, "self e"),
    (Flask.handle_exception, "self e"),
    (Flask.make_response, "self rv"),
    (RequestContext.__init__, "self app environ request session"),
    (RequestContext.push, "self"),
    (RequestContext.pop, "self exc"),
)
"""What the fast path calls, replaces or leaves out, with the parameters that it expects."""


def check_internals() -> None:
    """Compare the installed Flask with what the fast path expects.

    Raises:
        TypeError: a method has other parameters.
    """
    for method, expected in _INTERNALS:
        found = " ".join(inspect.signature(method).parameters)
        if found != expected:
            raise TypeError(f"{method.__qualname__} has the parameters {found}")


class LeanFlask(ItemsFlask):
    """Flask with a fast path for requests of items."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return a router on the path alone, since the Host header decides nothing here.

        None outside of a request, and where the request is routed already.
        """
        if request is None or ensure_context(request.environ).route:
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

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Respond to a request, on the fast path where it is of an item."""
        route = None if self._has_other_hooks else self._fast_route(environ)
        if route is None:
            return super().wsgi_app(environ, start_response)
        rule, keys = route
        state = ensure_context(environ)
        state.route = route_template(rule.rule)
        context = RequestContext(self, environ)
        context.request.url_rule, context.request.view_args = rule, keys
        of_app = _cv_app.set(self.app_context())
        of_request = _cv_request.set(context)
        try:
            try:
                response = self._response(rule, keys, state.rejection)
            except Exception as error:  # noqa: BLE001 - as Flask does
                response = self.handle_exception(error)
            return response(environ, start_response)
        finally:
            _cv_request.reset(of_request)
            _cv_app.reset(of_app)
            environ["werkzeug.request"] = None  # breaks a cycle that only the collector would free

    def _response(self, rule: Rule, keys: dict[str, Any], rejection: Exception | None) -> Response:
        returned: Any
        try:
            if rejection is not None:
                raise rejection  # noqa: TRY301 - where a hook would raise it
            for before in self.before_request_funcs.get(None, ()):
                returned = before()
                if returned is not None:
                    break
            else:
                returned = self.view_functions[rule.endpoint](**keys)
        except Exception as error:  # noqa: BLE001 - as Flask does
            returned = self.handle_user_exception(error)
        response = returned if isinstance(returned, Response) else self.make_response(returned)
        for after in reversed(self.after_request_funcs.get(None, ())):
            response = after(response)
        return response

    @functools.cached_property
    def _has_other_hooks(self) -> bool:
        """Whether there are hooks that the fast path does not call."""
        return bool(
            self.teardown_request_funcs
            or self.teardown_appcontext_funcs
            or self.url_value_preprocessors
            or any(signal.receivers for signal in _SIGNALS)
        )

    def _fast_route(self, environ: WSGIEnvironment) -> tuple[Rule, dict[str, Any]] | None:
        """Return the route of an item whose key has no escape, so that it needs no decoding."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        for pattern, methods, rule in self._fast_routes:
            match = pattern.fullmatch(path)
            if match is not None and method in methods:
                return rule, match.groupdict()
        return None

    @functools.cached_property
    def _fast_routes(self) -> list[tuple[re.Pattern[str], set[str], Rule]]:
        keys = re.compile(r"<key_segment:(\w+)>")
        return [
            (
                re.compile(keys.sub(r"(?P<\1>[^/%#]+)", rule.rule)),
                (rule.methods or set()) - {"OPTIONS"},  # Flask needs its router for these
                rule,
            )
            for rule in self.url_map.iter_rules()
            if keys.search(rule.rule)
        ]
