"""Rejection of responses that a proxy or a login page sent in place of AWS.

botocore parses any body by the operation's protocol. An HTML page then raises an error that is
neither a ClientError nor a BotoCoreError; a well-formed page looks like the success of an operation
without output.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError

_SERVER_ERRORS = 500
# https://smithy.io/2.0/aws/protocols/aws-query-protocol.html: the root is named OPERATIONResponse,
# ErrorResponse or Response.
_XML_ROOT = re.compile(rb"\s*(?:<\?xml[^>]*\?>\s*)?<(?:[\w.-]+:)?\w*Response[\s/>]")


class UnreadableResponse(BotoCoreError):
    """The response is not from AWS, or is incomplete."""

    fmt = "The response to {operation} is not from AWS (HTTP status {status}, {what})."


def reject_foreign_response(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    """Reject a response that is not in the operation's protocol; a handler of ``before-parse``.

    A server error keeps only its status, so that botocore retries the call.

    Raises:
        UnreadableResponse: the response has any other status.
    """
    body = response_dict["body"] or b""
    is_readable = _READABLE.get(operation_model.service_model.resolved_protocol)
    if is_readable is None or is_readable(body):
        return
    status = response_dict["status_code"]
    if status >= _SERVER_ERRORS:
        response_dict["body"] = b""
        return
    media_type = response_dict["headers"].get("Content-Type", "").partition(";")[0].strip()
    what = media_type or "unknown media type" if body.strip() else "empty"
    raise UnreadableResponse(operation=operation_model.name, status=status, what=what)


def _is_json_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


def _is_xml_response(body: bytes) -> bool:
    return _XML_ROOT.match(body) is not None


_READABLE: Mapping[str, Callable[[bytes], bool]] = {
    "json": _is_json_object,
    "query": _is_xml_response,
    "ec2": _is_xml_response,
}
