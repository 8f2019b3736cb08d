"""Checks of the table's indexes, with the service's credentials."""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from dynamodb_items.domain.indexes import Index

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.aws.failures import explain
from dynamodb_items_deploy.checks import (
    ALLOWED,
    APPLY,
    Check,
    is_allowed,
    must_be_denied,
    query_parameters,
)

_ALL_ATTRIBUTES = "ALL_ATTRIBUTES"
_WHOLE_ITEMS = {"Select": _ALL_ATTRIBUTES}
_ABSENT = (
    "the table has no index of this name",
    "Check the names in --indexes and in ITEMS_INDEXES of the service.",
)
# What DynamoDB's message of a ValidationException contains, and what it means; the first match is
# used.
_INVALID = (
    (
        _ALL_ATTRIBUTES,
        "allowed, but the index does not contain all attributes",
        "Add /partial after its keys in --indexes and in ITEMS_INDEXES of the service.",
    ),
    ("specified index", *_ABSENT),
    (
        "backfilling",
        "the index is being created",
        "Wait until the index is ACTIVE: aws dynamodb describe-table.",
    ),
    (
        "",
        "the index has a different key schema",
        "Set the keys in --indexes and in ITEMS_INDEXES of the service to those of the index.",
    ),
)


def examine_indexes(
    aws: Aws, table: str, key_types: Mapping[str, str], indexes: tuple[Index, ...]
) -> Iterator[Check]:
    """Check Query on each index, and that Query on another index is denied.

    ``key_types`` has the type of the table's partition key.
    """
    for index in indexes:
        yield _declared_index(aws, table, index)
    yield _other_index(aws, table, key_types)


def _declared_index(aws: Aws, table: str, index: Index) -> Check:
    name = f"Query on {table}, index {index.name}"
    target = {"TableName": table, "IndexName": index.name}
    types = {attribute.name: attribute.type for attribute in index.key_schema}
    query = {**target, **query_parameters(types)}
    try:
        # DynamoDB rejects this where the index does not contain whole items.
        if not is_allowed(aws, "query", query if index.is_partial else query | _WHOLE_ITEMS):
            return Check(name, False, "denied", APPLY)
        if is_allowed(aws, "scan", {**target, "Limit": 1}):
            return Check(
                name,
                False,
                "allowed, and Scan as well",
                "The service does not scan indexes. Run items-deploy apply, and remove other "
                "policies from the role.",
            )
        advice = _advice_on_projection(aws, query) if index.is_partial else ""
    except (ClientError, BotoCoreError) as error:
        return Check(name, False, *_explain(error))
    return Check(name, True, ALLOWED, advice)


def _advice_on_projection(aws: Aws, query: Mapping[str, Any]) -> str:
    try:
        is_allowed(aws, "query", {**query, **_WHOLE_ITEMS})
    except ClientError as error:
        if _is_about_the_projection(error):
            return ""
        raise
    return (
        "It can return whole items, so /partial is not needed in ITEMS_INDEXES. Without it, items "
        "have ETags; those of a local index that does not contain all attributes are read from "
        "the table, which consumes more capacity."
    )


def _other_index(aws: Aws, table: str, key_types: Mapping[str, str]) -> Check:
    # A random name: IAM evaluates the policy before DynamoDB looks for the index.
    other = {"TableName": table, "IndexName": f"doctor.{secrets.token_hex(6)}"}
    return must_be_denied(
        "another index",
        lambda: is_allowed(aws, "query", {**other, **query_parameters(key_types)}),
        ("ResourceNotFoundException", "ValidationException"),
        "can be queried as well",
        "The policy should name each index that is used. Run items-deploy apply with --indexes, "
        "and remove other policies from the role.",
    )


def _is_about_the_projection(error: ClientError) -> bool:
    return _ALL_ATTRIBUTES in error.response["Error"]["Message"]


def _explain(error: Exception) -> tuple[str, str]:
    if not isinstance(error, ClientError):
        return explain(error)
    code, message = (error.response["Error"][member] for member in ("Code", "Message"))
    if code == "ResourceNotFoundException":
        return _ABSENT
    if code == "ValidationException":
        return next(meaning[1:] for meaning in _INVALID if meaning[0] in message)
    return explain(error)
