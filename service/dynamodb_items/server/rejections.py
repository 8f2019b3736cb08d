"""Requests that gunicorn's parser rejects; the application responds to them with a problem.

So these responses have a request id, a log line and the headers of all responses.
"""

import io
import os
from collections.abc import Mapping
from http import HTTPStatus
from ssl import SSLError
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.config import Config
from gunicorn.http import errors
from gunicorn.http.message import TOKEN_RE
from gunicorn.http.wsgi import base_environ, proxy_environ
from werkzeug.exceptions import HTTPException, default_exceptions

from dynamodb_items.server.checked_requests import RejectedRequest
from dynamodb_items.server.responses import BufferedResponse
from dynamodb_items.web.middleware.rejections import reject

UNKNOWN_METHOD = "UNKNOWN"

_HEADER = "A header is malformed."
_CHUNKS = "The body's chunks are malformed."
_PROBLEMS: Mapping[type[Exception], tuple[int, str]] = {
    errors.InvalidRequestLine: (
        400,
        "The request is not HTTP/1.1: the request line must be a method, a target and HTTP/1.1, "
        "and each line must end with CRLF. This port does not speak TLS or HTTP/2.",
    ),
    errors.InvalidRequestMethod: (400, "The method is malformed."),
    errors.InvalidHTTPVersion: (400, "The HTTP version is malformed."),
    errors.InvalidHeader: (400, _HEADER),
    errors.InvalidHeaderName: (400, _HEADER),
    errors.ObsoleteFolding: (400, "A header must be on one line."),
    errors.LimitRequestLine: (414, "The request line is too long."),
    errors.LimitRequestHeaders: (
        431,
        "The headers are too many, too long, or together over 32 KiB.",
    ),
    errors.UnsupportedTransferCoding: (
        501,
        "The only supported transfer coding is chunked.",
    ),
    errors.ExpectationFailed: (417, "The only known expectation is 100-continue."),
    errors.InvalidSchemeHeaders: (400, "Headers contradict each other about the scheme."),
    errors.InvalidH2CPreface: (400, "The connection does not begin as HTTP/2 does."),
    errors.InvalidChunkSize: (400, _CHUNKS),
    errors.InvalidChunkExtension: (400, _CHUNKS),
    errors.ChunkMissingTerminator: (400, _CHUNKS),
    errors.InvalidProxyLine: (400, "The PROXY protocol header is malformed."),
    errors.InvalidProxyHeader: (400, "The PROXY protocol header is malformed."),
    errors.ForbiddenProxyRequest: (400, "This address may not send a PROXY header."),
    SSLError: (400, "This port speaks HTTPS: use a URL that begins with https."),
    # gunicorn raises it only for a path outside the prefix that SCRIPT_NAME sets.
    errors.ConfigurationProblem: (404, "The path is not below the prefix of this service."),
}
_INVALID_FRAMING = {
    "HOST": "Host must be given once.",
    "CONTENT-TYPE": "Content-Type must be given once.",
    "CONTENT-LENGTH": "Content-Length must be one number, and not with Transfer-Encoding.",
    "TRANSFER-ENCODING": "Transfer-Encoding must end with chunked, once, and needs HTTP/1.1.",
}


def error_response(
    wsgi: WSGIApplication, request: Any, address: Any, configuration: Config, error: Exception
) -> bytes:
    """Return the response to a request that cannot be parsed or served.

    It closes the connection. ``request`` is gunicorn's, or None if the head was not parsed. The
    application logs the stack of an error that is not the client's.
    """
    request = request or getattr(error, "request", None)
    problem = problem_of_parser_error(error)
    environment = rejected_environment(request, address, configuration, problem or error)
    response = BufferedResponse()
    content = wsgi(environment, response.start)
    try:
        body = b"".join(content)
    finally:
        if hasattr(content, "close"):
            content.close()
    return response.encoded(body, environment["REQUEST_METHOD"], closes=True)


def problem_of_parser_error(error: BaseException) -> HTTPException | None:
    """Return the problem of a request that could not be parsed; None for any other error.

    The problem never repeats what the client sent.
    """
    status_and_detail = _status_and_detail(error)
    if status_and_detail is None:
        return None
    status, detail = status_and_detail
    return default_exceptions[status](detail)


def _status_and_detail(error: BaseException) -> tuple[int, str] | None:
    match error:
        case RejectedRequest():
            return error.status, error.detail
        case errors.InvalidResponseHeader() | errors.InvalidResponseHeaderName():
            return None  # a defect of the application
        case errors.InvalidRequestMethod() if TOKEN_RE.fullmatch(error.method):
            return HTTPStatus.NOT_IMPLEMENTED, "Unknown method; methods are case-sensitive."
        case errors.InvalidHTTPVersion() if isinstance(error.version, tuple):
            return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "The supported version is HTTP/1.1."
        case errors.InvalidHeader() if error.hdr in _INVALID_FRAMING:
            return HTTPStatus.BAD_REQUEST, _INVALID_FRAMING[error.hdr]
    return next((known for kind, known in _PROBLEMS.items() if isinstance(error, kind)), None)


def rejected_environment(
    request: Any, address: Any, configuration: Config, problem: Exception
) -> dict[str, Any]:
    """Return the WSGI environment of a request whose response is ``problem``.

    ``request`` is gunicorn's, parsed in part, or None.
    """
    target = getattr(request, "uri", None) or ""
    path, _, query = target.partition("?")
    host, port = address[:2] if isinstance(address, tuple) else ("", "")
    environment = {
        **base_environ(configuration),
        "wsgi.input": io.BytesIO(),
        "wsgi.multithread": True,
        "wsgi.url_scheme": "https" if configuration.is_ssl else "http",
        "REQUEST_METHOD": getattr(request, "method", None) or UNKNOWN_METHOD,
        "RAW_URI": target,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SCRIPT_NAME": os.environ.get("SCRIPT_NAME", ""),
        "SERVER_NAME": "",
        "SERVER_PORT": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": str(host),
        "REMOTE_PORT": str(port),
    }
    if request is not None:
        environment |= proxy_environ(request)
    for name, value in getattr(request, "headers", None) or ():
        key = f"HTTP_{name.replace('-', '_')}"
        environment[key] = f"{environment[key]},{value}" if key in environment else value
    reject(environment, problem)
    return environment
