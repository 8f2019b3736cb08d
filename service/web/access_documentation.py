"""What the OpenAPI document says of who may in, as the settings have it."""

from collections.abc import Mapping
from typing import Any

from service.settings import Settings
from service.web.access import OPEN_PATHS, needed_scope, scheme_of
from service.web.media_types import PROBLEM_JSON

_PROBLEM_CONTENT = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_REQUEST_ID = {"$ref": "#/components/headers/X-Request-Id"}


def secured_document(document: dict[str, Any], settings: Settings) -> Mapping[str, Any]:
    """The document with the security scheme of the settings, and what it may answer; unchanged
    where nobody is asked who they are.

    https://spec.openapis.org/oas/v3.0.3#security-scheme-object
    """
    scheme = scheme_of(settings)
    if scheme is None:
        return document
    components = document["components"]
    components["securitySchemes"] = {scheme.name: scheme.description}
    components["headers"]["WWW-Authenticate"] = {
        "description": "The kind of credential that is needed, and what is wrong with this one.",
        "schema": {"type": "string"},
        "example": scheme.challenge,
    }
    components["responses"] |= {
        "Unauthenticated": _answer("The request shows no valid credential."),
        "NotPermitted": _answer("The caller may not do this."),
    }
    document["security"] = [{scheme.name: []}]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            if path in OPEN_PATHS:
                operation["security"] = []
                continue
            operation["description"] += f" Needs the scope `{needed_scope(method.upper(), path)}`."
            for status, name in (("401", "Unauthenticated"), ("403", "NotPermitted")):
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return document


def _answer(description: str) -> dict[str, Any]:
    challenge = {"$ref": "#/components/headers/WWW-Authenticate"}
    return {
        "description": description,
        "headers": {"X-Request-Id": _REQUEST_ID, "WWW-Authenticate": challenge},
        "content": _PROBLEM_CONTENT,
    }
