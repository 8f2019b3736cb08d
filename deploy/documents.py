"""The policy and trust documents: exactly what the service may do, and who may be it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from collections.abc import Collection
from typing import Any

from service.operations import Operation

POLICY_LANGUAGE_VERSION = "2012-10-17"


def policy_document(table_arn: str, operations: Collection[Operation]) -> dict[str, Any]:
    """The permissions policy: these operations on exactly this table, nothing else."""
    return {
        "Version": POLICY_LANGUAGE_VERSION,
        "Statement": [
            {
                "Sid": "ItemsOfOneTable",
                "Effect": "Allow",
                "Action": [
                    operation.iam_action for operation in Operation if operation in operations
                ],
                "Resource": table_arn,
            }
        ],
    }


def trust_document(service_principal: str = "ec2.amazonaws.com") -> dict[str, Any]:
    """The trust policy: only EC2 instances may assume the role."""
    return {
        "Version": POLICY_LANGUAGE_VERSION,
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": service_principal},
                "Action": "sts:AssumeRole",
            }
        ],
    }
