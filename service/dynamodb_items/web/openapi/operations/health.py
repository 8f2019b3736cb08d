"""The health operations: getLiveness, getReadiness."""

from typing import Any

from dynamodb_items.web.media_types import PLAIN_JSON
from dynamodb_items.web.openapi.response_schemas import LivenessSchema, ReadinessSchema
from dynamodb_items.web.openapi.responses import response

LIVENESS: dict[str, Any] = {
    "operationId": "getLiveness",
    "summary": "Check that the process is alive",
    "description": "Does not call AWS. A process that responds does not need a restart.",
    "responses": {
        "200": response(
            "The process is alive.",
            content={PLAIN_JSON: {"schema": LivenessSchema, "example": {"status": "alive"}}},
        ),
        "500": "InternalError",
    },
}
READINESS: dict[str, Any] = {
    "operationId": "getReadiness",
    "summary": "Check whether the instance is ready for requests",
    "description": (
        "The status is 200 after the first successful read of the table. It is 503 before that, "
        "while the instance is stopping, and while its AWS credentials or its clock are invalid. "
        "A table outage affects all instances, so the status stays 200, with "
        '`"table": "unavailable"`; with the setting ITEMS_READY_FOLLOWS_TABLE it is 503 after '
        "three failed reads. A background probe reads the table, so this request costs no read."
    ),
    "responses": {
        "200": response(
            "The instance is ready for requests.",
            content={
                PLAIN_JSON: {
                    "schema": ReadinessSchema,
                    "example": {"status": "ready", "table": "available"},
                }
            },
        ),
        "500": "InternalError",
        "503": "Unavailable",
    },
}
