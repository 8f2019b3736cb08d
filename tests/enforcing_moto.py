"""moto's server with IAM enforced as AWS does for one table: ``python -m tests.enforcing_moto``.

moto checks DynamoDB calls against the resource ``*``, so a policy on a table's ARN grants nothing;
it rejects them in XML; and it accepts no service as a role's principal. This module fixes that:
each call is checked against the table or index that it names and rejected in DynamoDB's own form;
AssumeRole, which EC2, ECS and EKS perform for their users without a policy, succeeds only if the
role's trust policy names one of them.

Nothing is enforced before ``POST /moto-api/reset-auth`` with ``0``. The access key id of each
DynamoDB call is written to standard output, one per line.
"""
# ruff: noqa: SLF001 - moto has no public way to fix this

import json
import re
import sys

from moto.core.exceptions import AccessDeniedError, InvalidClientTokenIdError, JsonRESTError
from moto.core.responses import BaseResponse
from moto.dynamodb.responses import DynamoHandler
from moto.iam.models import iam_backends
from moto.server import main
from moto.sts.responses import TokenResponse

TRUSTED = ("ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "pods.eks.amazonaws.com")


def _resource(handler: DynamoHandler) -> str:
    """Return the ARN of the table that a call names, or of the index of a Query or Scan."""
    body = json.loads(handler.raw_body or "{}")
    table, index = body.get("TableName", ""), body.get("IndexName")
    if not table.startswith("arn:"):
        account = f"{handler.region}:{handler.current_account}"
        table = f"arn:{handler.partition}:dynamodb:{account}:table/{table or '*'}"
    return f"{table}/index/{index}" if index else table


def _authorize_table(handler: DynamoHandler, resource: str = "*") -> None:
    credential = re.search(r"Credential=(\w+)/", handler.headers.get("Authorization", ""))
    if credential:
        sys.stdout.write(f"{credential[1]}\n")
        sys.stdout.flush()
    try:
        _authorize_any(handler, resource)
    except AccessDeniedError as error:
        message = f"{handler._get_action()} on {resource}: {error.message}"
        raise JsonRESTError("AccessDeniedException", message) from None
    except InvalidClientTokenIdError as error:
        raise JsonRESTError("UnrecognizedClientException", error.message) from None


def _authorize_assuming(handler: TokenResponse, resource: str = "*") -> None:
    if handler._get_action() != "AssumeRole":
        _authorize_any(handler, resource)
        return
    role = iam_backends[handler.current_account][handler.partition].get_role_by_arn(resource)
    statements = json.loads(role.assume_role_policy_document)["Statement"]
    if not any(
        statement["Effect"] == "Allow"
        and "sts:AssumeRole" in statement["Action"]
        and statement["Principal"].get("Service") in TRUSTED
        for statement in statements
    ):
        raise AccessDeniedError(user_arn=" or ".join(TRUSTED), action="sts:AssumeRole")


_authorize_any = BaseResponse._authenticate_and_authorize_normal_action
TokenResponse._authenticate_and_authorize_normal_action = _authorize_assuming
DynamoHandler._authenticate_and_authorize_normal_action = _authorize_table
DynamoHandler._determine_resource = _resource

if __name__ == "__main__":
    main(sys.argv[1:])
