"""What the OpenAPI document says of who may in, and how often, as the settings have it."""

from collections.abc import Iterator, Mapping
from typing import Any

from dynamodb_items.config.settings import Settings
from dynamodb_items.web.media_types import PROBLEM_JSON
from dynamodb_items.web.middleware.authentication import OPEN_PATHS, Scheme, needed_scope, scheme_of
from dynamodb_items.web.openapi.document import documented_operations


def secured_document(document: dict[str, Any], settings: Settings) -> Mapping[str, Any]:
    """The document with the security scheme and the rate limit of the settings, and what they
    answer; unchanged where nobody is asked who they are and nobody is counted.

    https://spec.openapis.org/oas/v3.0.3#security-scheme-object
    """
    scheme = scheme_of(settings)
    if scheme is not None:
        _secure(document, scheme)
    if settings.rate_limit:
        answer = _answer("The caller asks too often.", "Retry-After")
        document["components"]["responses"]["TooManyRequests"] = answer
        for _, _, operation in _guarded_operations(document):
            _add_answer(operation, "429", "TooManyRequests")
    return document


def _secure(document: dict[str, Any], scheme: Scheme) -> None:
    components = document["components"]
    components["securitySchemes"] = {scheme.name: scheme.description}
    components["headers"]["WWW-Authenticate"] = {
        "description": "The kind of credential that is needed, and what is wrong with this one.",
        "schema": {"type": "string"},
        "example": scheme.challenge,
    }
    components["responses"] |= {
        "Unauthenticated": _answer("The request shows no valid credential.", "WWW-Authenticate"),
        "NotPermitted": _answer("The caller may not do this.", "WWW-Authenticate"),
    }
    document["security"] = [{scheme.name: []}]
    for _, path, operation in documented_operations(document):
        if path in OPEN_PATHS:
            operation["security"] = []
    for method, path, operation in _guarded_operations(document):
        operation["description"] += f" Needs the scope `{needed_scope(method, path)}`."
        _add_answer(operation, "401", "Unauthenticated")
        _add_answer(operation, "403", "NotPermitted")


def _guarded_operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    return (
        (method, path, operation)
        for method, path, operation in documented_operations(document)
        if path not in OPEN_PATHS
    )


def _add_answer(operation: dict[str, Any], status: str, name: str) -> None:
    answers = {**operation["responses"], status: {"$ref": f"#/components/responses/{name}"}}
    operation["responses"] = dict(sorted(answers.items()))


def _answer(description: str, header: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", header)
        },
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
