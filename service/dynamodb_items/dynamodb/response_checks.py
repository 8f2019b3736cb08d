"""Checks of a received HTTP response, the same for the fast path and for botocore.

botocore parses an incomplete body, or one that is not JSON, as an empty response: an absent item or
a successful write. These checks accept only complete responses of DynamoDB.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import zlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from botocore.model import OperationModel

from dynamodb_items.domain.operations import Operation
from dynamodb_items.dynamodb.error_codes import BrokenResponse, ForeignResponse
from dynamodb_items.dynamodb.wire_json import response_content

CONTENT = "items.content"
"""The member of botocore's response that holds the checked content."""


def checked_content(
    status: int,
    body: bytes,
    *,
    checksum: str | bytes | None,
    encoding: str | bytes | None,
    is_list: bool = False,
) -> dict[str, Any]:
    """Return the content of a response: a result or an error of DynamoDB.

    ``checksum`` and ``encoding`` are the headers ``X-Amz-Crc32`` and ``Content-Encoding``;
    ``is_list`` means that it is the response of a Query or Scan. Other requests are served while a
    long body is parsed.

    Raises:
        BrokenResponse: the response is damaged, or not from DynamoDB.
        ForeignResponse: something other than DynamoDB, such as a proxy, sent an error.
    """
    if checksum is not None and not _is_checksum(checksum, body):
        raise BrokenResponse(reason="the checksum does not match")
    if encoding is not None and encoding.lower() not in ("identity", b"identity"):
        raise BrokenResponse(reason="it is encoded although no encoding was requested")
    is_verified = checksum is not None
    if status == HTTPStatus.OK:
        content = _parsed(body, is_verified=is_verified)
        if is_list and not _is_page(content):
            raise BrokenResponse(reason="not a page of items")
        return content
    if status < HTTPStatus.MULTIPLE_CHOICES:
        raise BrokenResponse(reason=f"unexpected status {status}")
    try:
        content = _parsed(body, is_verified=is_verified)
    except BrokenResponse:
        content = {}
    if not isinstance(content.get("__type"), str):
        raise ForeignResponse(status=status)
    return content


def check_response(
    response_dict: dict[str, Any], operation_model: OperationModel, **_event: object
) -> None:
    """Check a response before botocore parses it; a handler of the event ``before-parse``.

    The content is stored in ``response_dict`` for ``AttributeParser``.

    Raises:
        BrokenResponse, ForeignResponse: as ``checked_content``.

    https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html
    """
    body, headers = response_dict["body"], response_dict["headers"]
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) != len(body):
        raise BrokenResponse(reason=f"{len(body)} of {length} bytes")
    response_dict[CONTENT] = checked_content(
        response_dict["status_code"],
        body,
        checksum=headers.get("x-amz-crc32"),
        encoding=headers.get("content-encoding"),
        is_list=operation_model.name in (Operation.QUERY, Operation.SCAN),
    )


def _is_page(content: Mapping[str, Any]) -> bool:
    """Return whether a result has the members of a page; its attributes were checked before.

    An empty page has the member ``Items`` too.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
    """
    return (
        type(content.get("Items")) is list
        and type(content.get("ScannedCount", 0)) is int
        and content.get("LastEvaluatedKey", True) not in ({}, None)
    )


def _is_checksum(text: str | bytes, body: bytes) -> bool:
    try:
        return int(text) == zlib.crc32(body)
    except ValueError:
        return False


def _parsed(body: bytes, *, is_verified: bool) -> dict[str, Any]:
    try:
        return response_content(body, is_verified=is_verified)
    except ValueError as error:
        raise BrokenResponse(reason=str(error)) from error
