"""The parts of the OpenAPI document that depend on authentication and rate limits."""

from collections.abc import Iterable
from typing import Any

from dynamodb_items.access.callers import Scope
from dynamodb_items.config.settings import Settings
from dynamodb_items.web.media_types import PROBLEM_JSON
from dynamodb_items.web.middleware.authentication import OPEN_PATHS, Scheme, needed_scope, scheme_of
from dynamodb_items.web.middleware.authenticators import granting_scopes

_Operations = Iterable[tuple[str, str, dict[str, Any]]]


def add_security(document: dict[str, Any], operations: _Operations, settings: Settings) -> None:
    """Add the security scheme and the rate limit of the settings, with their responses.

    https://spec.openapis.org/oas/v3.0.3#security-scheme-object
    """
    operations = list(operations)
    scheme = scheme_of(settings)
    if scheme is not None:
        _add_scheme(document, scheme, operations, settings)
    if settings.rate_limit:
        document["components"]["responses"]["TooManyRequests"] = _problem_response(
            "The caller has exceeded the rate limit.", "Retry-After"
        )
        for _, path, operation in operations:
            if path not in OPEN_PATHS:
                _add_response(operation, "429", "TooManyRequests")


def _add_scheme(
    document: dict[str, Any], scheme: Scheme, operations: _Operations, settings: Settings
) -> None:
    components = document["components"]
    components["securitySchemes"] = {scheme.name: scheme.description}
    components["headers"]["WWW-Authenticate"] = {
        "description": "The required kind of credential, and the error of an invalid one.",
        "schema": {"type": "string"},
        "example": scheme.challenge,
    }
    components["responses"] |= {
        "Unauthenticated": _problem_response(
            "The request has no valid credential.", "WWW-Authenticate"
        ),
        "NotPermitted": _problem_response(
            "The caller does not have the required permission.", "WWW-Authenticate"
        ),
    }
    document["security"] = [{scheme.name: []}]
    for method, path, operation in operations:
        if path in OPEN_PATHS:
            operation["security"] = []
            continue
        scopes = granting_scopes(settings, needed_scope(method, path))
        names = " or ".join(f"`{scope}`" for scope in scopes)
        operation["description"] += f" Requires the scope {names}."
        if needed_scope(method, path) is Scope.WRITE:
            read = granting_scopes(settings, Scope.READ)[0]
            operation["description"] += (
                f" Without the scope `{read}` the response is minimal, and a write whose outcome "
                "depends on stored values is rejected with 403."
            )
        _add_response(operation, "401", "Unauthenticated")
        _add_response(operation, "403", "NotPermitted")


def _add_response(operation: dict[str, Any], status: str, name: str) -> None:
    responses = {**operation["responses"], status: {"$ref": f"#/components/responses/{name}"}}
    operation["responses"] = dict(sorted(responses.items()))


def _problem_response(description: str, header: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", header)
        },
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
