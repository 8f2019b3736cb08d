"""The permissions policy and the trust policy of the role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from dynamodb_items.domain.indexes import Index
from dynamodb_items.domain.operations import Operation

from dynamodb_items_deploy.planning.principals import Principal

POLICY_LANGUAGE_VERSION = "2012-10-17"


def policy_document(
    table_arn: str,
    operations: Collection[Operation],
    indexes: Collection[Index] = (),
    key_statement: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the permissions policy: these operations on this table, and Query on these indexes.

    ``key_statement`` is added for a table that is encrypted with a customer managed key.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
    """
    items = {
        "Sid": "ItemsOfOneTable",
        "Effect": "Allow",
        "Action": [operation.iam_action for operation in Operation if operation in operations],
        "Resource": table_arn,
    }
    statements: list[dict[str, Any]] = [items]
    if indexes:
        statements.append(
            {
                "Sid": "IndexesOfThatTable",
                "Effect": "Allow",
                "Action": [Operation.QUERY.iam_action],
                "Resource": [f"{table_arn}/index/{index.name}" for index in indexes],
            }
        )
    if key_statement:
        statements.append(dict(key_statement))
    return {"Version": POLICY_LANGUAGE_VERSION, "Statement": statements}


def resource_policy_document(
    role_arn: str,
    table_arn: str,
    operations: Collection[Operation],
    indexes: Collection[Index] = (),
) -> dict[str, Any]:
    """Return the policy that the owner of another account's table attaches to it for the role.

    It contains the permissions for the indexes as well, since an index has no policy of its own.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-cross-account-access.html
    """
    document = policy_document(table_arn, operations, indexes)
    for statement in document["Statement"]:
        statement["Principal"] = {"AWS": role_arn}
    return document


def key_statement(kms_key_arn: str, dynamodb_host: str) -> dict[str, Any]:
    """Return the statement that allows DynamoDB to decrypt with the table's key for the role.

    ``dynamodb_host`` is such as ``dynamodb.us-east-2.amazonaws.com``; only calls through it are
    allowed.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
    """
    return {
        "Sid": "KeyOfThatTable",
        "Effect": "Allow",
        "Action": ["kms:Decrypt"],
        "Resource": kms_key_arn,
        "Condition": {"StringEquals": {"kms:ViaService": dynamodb_host}},
    }


def trust_document(
    principal: Principal = Principal.EC2, dns_suffix: str = "amazonaws.com"
) -> dict[str, Any]:
    """Return the trust policy: only this service of AWS may assume the role.

    ``dns_suffix`` is that of the partition's host names.
    """
    actions = list(principal.actions)
    return {
        "Version": POLICY_LANGUAGE_VERSION,
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": principal.service(dns_suffix)},
                "Action": actions if len(actions) > 1 else actions[0],
            }
        ],
    }


def same_document(one: Any, other: Any) -> bool:
    """Return whether two documents are equivalent.

    The order of a list has no meaning, a list of one member equals that member, a ``Sid`` and the
    case of an action have no effect, and a statement of two actions or resources equals two
    statements of one each.
    """
    return bool(_meaning(one) == _meaning(other))


def _meaning(document: Any) -> Any:
    if not isinstance(document, Mapping) or "Statement" not in document:
        return _canonical(document)
    rest = {name: part for name, part in document.items() if name not in ("Statement", "Id")}
    statements = _members(document["Statement"])
    return _canonical(rest), {repr(part) for each in statements for part in _statements(each)}


def _statements(statement: Any) -> Iterator[Any]:
    """Yield statements of one action and one resource each that together mean this one."""
    if not isinstance(statement, Mapping):
        yield _canonical(statement)
        return
    rest = {name: part for name, part in statement.items() if name != "Sid"}
    for action in _members(rest.get("Action")):
        for resource in _members(rest.get("Resource")):
            name = action.lower() if isinstance(action, str) else action
            yield _canonical({**rest, "Action": name, "Resource": resource})


def _members(part: Any) -> list[Any]:
    return part if isinstance(part, list) else [part]


def _canonical(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {name: _canonical(part[name]) for name in sorted(part)}
    if isinstance(part, list):
        members = sorted(map(_canonical, part), key=repr)
        return members[0] if len(members) == 1 else members
    return part
