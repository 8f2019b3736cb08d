"""The fast path: DynamoDB calls at a small part of botocore's processor time.

boto3 stays the client. How a call looks is learned from botocore itself, once, by letting it
prepare each operation without sending it: its endpoint, its headers, how it signs. Where anything
of that is not exactly as known here, there is no fast path and botocore carries out every call.
What a call raises is what botocore raises.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from botocore.awsrequest import HeadersDict
from botocore.credentials import ReadOnlyCredentials
from botocore.parsers import ResponseParserError

from dynamodb_items.domain.operations import Operation
from dynamodb_items.dynamodb.attribute_parser import AttributeParser
from dynamodb_items.dynamodb.failures import BrokenResponse
from dynamodb_items.dynamodb.fast.http1 import HTTPAnswer
from dynamodb_items.dynamodb.fast.pool import Connections
from dynamodb_items.dynamodb.fast.prepared_requests import NotUnderstood, prepared_calls
from dynamodb_items.dynamodb.fast.signing import UnusualCredentials
from dynamodb_items.dynamodb.response_checks import CONTENT, checked_content
from dynamodb_items.dynamodb.wire_json import request_body
from dynamodb_items.runtime.deadline import Deadline


class FastPath:
    """DynamoDB operations over connections of our own, for one boto3 client and one table."""

    def __init__(
        self,
        client: Any,
        table: str,
        verify: str | bool | None,
        *,
        account_id: str | None,
        max_idle_connections: int,
    ) -> None:
        """Learn from the client how its calls look; nothing is sent.

        ``verify`` is botocore's: a path of certificate authorities, or True for those it ships.

        Raises:
            NotUnderstood: the client is set up in a way that is botocore's alone.
        """
        self.account_id = account_id
        """The account of the credentials that the client had: its endpoint may be the account's."""
        self._calls = prepared_calls(client, table, verify)
        self._connections = Connections(self._calls.endpoint, max_idle_connections)
        self._models = {
            operation: client.meta.service_model.operation_model(operation.value)
            for operation in Operation
            if operation.is_call
        }
        self._exceptions = client.exceptions

    def request(
        self, operation: Operation, parameters: Mapping[str, Any], credentials: ReadOnlyCredentials
    ) -> bytes:
        """The signed request of one operation.

        Raises:
            NotUnderstood: only botocore can send these parameters or these credentials.
        """
        calls = self._calls
        try:
            body = request_body(parameters)
            lines = calls.signer.header_lines(calls.targets[operation], body, credentials)
        except TypeError as error:
            raise NotUnderstood(str(error)) from error
        except UnusualCredentials as error:
            raise NotUnderstood("the credentials have unusual characters") from error
        head = f"{calls.heads[operation]}{lines}Content-Length: {len(body)}\r\n\r\n"
        return head.encode("latin-1") + body

    def send(
        self,
        operation: Operation,
        request: bytes,
        *,
        connect_seconds: float,
        read_seconds: float,
        deadline: Deadline,
    ) -> dict[str, Any]:
        """Return the result of one attempt: what boto3 returns, without ``ResponseMetadata``.

        Raises:
            botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: as botocore does;
                ``BrokenResponse`` and ``ForeignResponse`` among them.
        """
        answer = self._connections.exchange(
            request,
            connect_seconds=connect_seconds,
            read_seconds=read_seconds,
            deadline=deadline,
        )
        content = checked_content(
            answer.status,
            answer.body,
            checksum=answer.headers.get(b"x-amz-crc32"),
            encoding=answer.headers.get(b"content-encoding"),
        )
        if answer.status == HTTPStatus.OK:
            return content
        raise self._error(operation, answer, content)

    def close(self) -> None:
        """Close the connections that are idle."""
        self._connections.close()

    def _error(
        self, operation: Operation, answer: HTTPAnswer, content: Mapping[str, Any]
    ) -> Exception:
        """Return what botocore raises for an error of DynamoDB, made by its own parser."""
        model = self._models[operation]
        response = {
            "status_code": answer.status,
            "headers": HeadersDict(
                {
                    name.decode("latin-1"): value.decode("latin-1")
                    for name, value in answer.headers.items()
                }
            ),
            "body": answer.body,
            CONTENT: content,
            "context": {"operation_name": model.name},
        }
        parser = AttributeParser()
        try:
            parsed = parser.parse(response, model.output_shape)
            code = parsed.get("Error", {}).get("Code")
            shape = code and model.service_model.shape_for_error_code(code)
            if shape:
                parsed.update(parser.parse(response, shape))
        except ResponseParserError as error:
            return BrokenResponse(reason=str(error))
        raised: Exception = self._exceptions.from_code(code)(parsed, model.name)
        return raised
