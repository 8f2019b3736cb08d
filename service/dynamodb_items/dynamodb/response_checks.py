"""Checks of a received HTTP response, the same on the fast path and for botocore.

For botocore a body that breaks off or is not JSON is an empty response: an absent item, a write
that succeeded. Only a whole response of DynamoDB is one here.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import zlib
from http import HTTPStatus
from typing import Any

from dynamodb_items.dynamodb.failures import BrokenResponse, ForeignResponse
from dynamodb_items.dynamodb.wire_json import response_content

CONTENT = "items.content"
"""The member of botocore's response with the content that was checked."""


def checked_content(
    status: int,
    body: bytes,
    *,
    checksum: str | bytes | None,
    encoding: str | bytes | None,
    in_turns: bool = False,
) -> dict[str, Any]:
    """Return the content of a response, be it a result or an error of DynamoDB.

    ``checksum`` and ``encoding`` are the headers ``X-Amz-Crc32`` and ``Content-Encoding``; a long
    body may be parsed ``in_turns`` with other requests.

    Raises:
        BrokenResponse: what arrived is not what DynamoDB sent, or not a response of DynamoDB.
        ForeignResponse: an error that something else sent in DynamoDB's place, such as a proxy.
    """
    if checksum is not None and not _is_checksum(checksum, body):
        raise BrokenResponse(reason="the checksum does not match")
    if encoding is not None and encoding.lower() not in ("identity", b"identity"):
        raise BrokenResponse(reason="it is encoded although no encoding was requested")
    if status == HTTPStatus.OK:
        return _parsed(body, in_turns=in_turns)
    if status < HTTPStatus.MULTIPLE_CHOICES:
        raise BrokenResponse(reason=f"unexpected status {status}")
    try:
        content = _parsed(body, in_turns=in_turns)
    except BrokenResponse:
        content = {}
    if not isinstance(content.get("__type"), str):
        raise ForeignResponse(status=status)
    return content


def check_response(response_dict: dict[str, Any], **_event: object) -> None:
    """Check a response before botocore parses it: a handler of ``before-parse``.

    Its content is left in ``response_dict`` for ``AttributeParser``.

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
        in_turns=True,
    )


def _is_checksum(text: str | bytes, body: bytes) -> bool:
    try:
        return int(text) == zlib.crc32(body)
    except ValueError:
        return False


def _parsed(body: bytes, *, in_turns: bool) -> dict[str, Any]:
    try:
        return response_content(body, in_turns=in_turns)
    except ValueError as error:
        raise BrokenResponse(reason=str(error)) from error
