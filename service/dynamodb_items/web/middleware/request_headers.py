"""Limits on a request's headers, and trust in those that proxies set."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import RequestHeaderFieldsTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from dynamodb_items.config.settings import Settings
from dynamodb_items.web.middleware.rejections import reject

MAX_HEADERS_BYTES = 32 * 1024
"""The limit on all header values together.

Servers join the lines of one name, so a single value can be as long as all headers may be.
"""
# A page of another origin needs these to read why its request was rejected.
_KEPT_HEADERS = ("HTTP_HOST", "HTTP_ORIGIN")
_KEPT_BYTES = 1024


class HeadersLimit:
    """Rejects a request whose headers are too large, before anything parses one of them."""

    def __init__(self, app: WSGIApplication, _settings: Settings) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on; without headers and body where it is rejected."""
        size = sum(len(value) for name, value in environ.items() if name[:5] == "HTTP_")
        if size > MAX_HEADERS_BYTES:
            kept = {name: environ.get(name, "") for name in _KEPT_HEADERS}
            for name in [name for name in environ if name[:5] == "HTTP_"]:
                del environ[name]
            environ.update(
                {name: value for name, value in kept.items() if 0 < len(value) <= _KEPT_BYTES}
            )
            reject(environ, RequestHeaderFieldsTooLarge(f"The headers take {size:,} bytes."))
        return self._app(environ, start_response)


def trusted_proxies(app: WSGIApplication, settings: Settings) -> WSGIApplication:
    """Take the client's address and scheme from as many proxies as the settings trust."""
    hops = settings.trusted_proxies
    return ProxyFix(app, x_for=hops, x_proto=hops) if hops else app
