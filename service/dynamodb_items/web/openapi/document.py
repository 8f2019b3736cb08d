"""The OpenAPI document as a whole: its head, the operations in it, the links between them.

https://spec.openapis.org/oas/v3.0.3
"""

import copy
from collections.abc import Collection, Iterator, Mapping
from typing import Any

_DESCRIPTION = """\
One DynamoDB table over HTTP. `/items/{id}/{name}` is one item: GET reads it, PUT creates or \
replaces it, PATCH changes attributes of it, DELETE removes it.

Bodies are plain JSON with exact decimals, or DynamoDB's own typed form \
(`application/vnd.dynamodb+json`). Every answer with an item carries its ETag; send it back \
as `If-Match`, and no update is lost.
"""
JSON_PATCH_REFERENCE = "#/components/schemas/BatchOperation/properties/jsonPatch"
DOCUMENT_HEAD: Mapping[str, Any] = {
    "info": {
        "description": _DESCRIPTION,
        "license": {
            "name": "Apache-2.0",
            "url": "https://www.apache.org/licenses/LICENSE-2.0",
        },
    },
    "servers": [{"url": "/", "description": "The service that serves this document."}],
    "security": [],
}


def documented_operations(
    document: Mapping[str, Any],
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The method, the path and the description of each operation of an OpenAPI document."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield method.upper(), path, operation


def with_batch_operations(document: dict[str, Any], methods: Collection[str]) -> dict[str, Any]:
    """Return the document with the methods of a batch that this deployment has; without any, also
    without the JSON Patch, which is described as a part of a batch.
    """
    schemas = document["components"]["schemas"]
    if methods:
        members = schemas["BatchOperation"]["properties"]
        members["method"]["enum"] = [each for each in members["method"]["enum"] if each in methods]
        members["jsonPatch"]["items"] = {"$ref": "#/components/schemas/JsonPatchOperation"}
    else:
        del schemas["JsonPatch"], schemas["JsonPatchOperation"]
    return document


def with_links_that_lead_somewhere(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without links to operations that this deployment does not have."""
    kept: dict[str, Any] = copy.deepcopy(dict(document))
    known = {operation["operationId"] for *_, operation in documented_operations(kept)}
    for *_, operation in documented_operations(kept):
        for response in operation["responses"].values():
            if "links" in response:
                response["links"] = {
                    name: link
                    for name, link in response["links"].items()
                    if link["operationId"] in known
                }
    return kept
