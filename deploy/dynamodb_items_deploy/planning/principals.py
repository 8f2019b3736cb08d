"""The AWS services that run the items service, and how they assume its role."""

import enum
from dataclasses import dataclass


class Principal(enum.StrEnum):
    """What runs the service, as ``--principal`` names it."""

    EC2 = "ec2"
    ECS = "ecs"
    EKS = "eks"
    LAMBDA = "lambda"

    @property
    def label(self) -> str:
        """The service in a sentence."""
        return _TRUSTED[self].label

    @property
    def role_name(self) -> str:
        """The name of the role; EC2's is that of AWS's tutorial."""
        return f"{_TRUSTED[self].prefix}RoleToAccessDynamoDBTable"

    @property
    def policy_name(self) -> str:
        """The name of the policy; EC2's is that of AWS's tutorial.

        Each principal has its own, so that removing one deployment leaves the others alone.
        """
        suffix = "" if self is Principal.EC2 else f"For{_TRUSTED[self].prefix}"
        return f"DynamoDBAccessPolicy{suffix}"

    @property
    def role_description(self) -> str:
        """The description of the role."""
        return f"Lets {_TRUSTED[self].users} serve the items of one DynamoDB table."

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions by which the service assumes the role."""
        return _TRUSTED[self].actions

    def service(self, dns_suffix: str) -> str:
        """Return the service principal in the partition with this suffix of host names."""
        return _TRUSTED[self].service.format(dns_suffix)


@dataclass(frozen=True)
class _Trusted:
    label: str
    prefix: str
    users: str
    service: str
    actions: tuple[str, ...] = ("sts:AssumeRole",)


_TRUSTED = {
    # The only one of the four whose name follows the partition.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    Principal.EC2: _Trusted("EC2", "EC2", "EC2 instances", "ec2.{}"),
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    Principal.ECS: _Trusted("ECS tasks", "ECS", "ECS tasks", "ecs-tasks.amazonaws.com"),
    # EKS Pod Identity: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
    Principal.EKS: _Trusted(
        "EKS Pod Identity",
        "EKS",
        "EKS pods",
        "pods.eks.amazonaws.com",
        ("sts:AssumeRole", "sts:TagSession"),
    ),
    # https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    Principal.LAMBDA: _Trusted("Lambda", "Lambda", "Lambda functions", "lambda.amazonaws.com"),
}
