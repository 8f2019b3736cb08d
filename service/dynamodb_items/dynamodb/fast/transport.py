"""The fast path: DynamoDB calls that take a small part of botocore's processor time.

boto3 stays the client. At start, botocore prepares each operation once without sending it, which
shows its endpoint, headers and signature. If the fast path does not support any of them, botocore
makes every call. The fast path raises the same exceptions as botocore.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from botocore.awsrequest import HeadersDict
from botocore.credentials import ReadOnlyCredentials
from botocore.parsers import ResponseParserError

from dynamodb_items.domain.operations import CALLS, ApiCall
from dynamodb_items.dynamodb.attribute_parser import AttributeParser
from dynamodb_items.dynamodb.error_codes import BrokenResponse
from dynamodb_items.dynamodb.fast.http1 import HTTPResponse
from dynamodb_items.dynamodb.fast.pool import Connections
from dynamodb_items.dynamodb.fast.prepared_requests import UnsupportedClient, prepared_calls
from dynamodb_items.dynamodb.fast.signing import UnsupportedCredentials
from dynamodb_items.dynamodb.response_checks import CONTENT, checked_content
from dynamodb_items.dynamodb.wire_json import request_body
from dynamodb_items.runtime.deadline import Deadline


class FastPath:
    """DynamoDB calls on one table over the service's own connections."""

    def __init__(
        self,
        client: Any,
        table: str,
        verify: str | bool | None,
        *,
        account_id: str | None,
        max_idle_connections: int,
    ) -> None:
        """Prepare the calls of a boto3 client; nothing is sent.

        ``verify`` is botocore's: the path of certificate authorities, or True for botocore's own.

        Raises:
            UnsupportedClient: only botocore supports the client's configuration.
        """
        self.account_id = account_id
        """The account of the client's credentials, on which its endpoint may depend."""
        self._calls = prepared_calls(client, table, verify)
        self._connections = Connections(self._calls.endpoint, max_idle_connections)
        self._models = {
            operation: client.meta.service_model.operation_model(operation.value)
            for operation in CALLS
        }
        self._exceptions = client.exceptions

    def request(
        self,
        operation: ApiCall,
        parameters: Mapping[str, Any],
        credentials: ReadOnlyCredentials,
    ) -> bytes:
        """Return the signed request of one operation.

        Raises:
            UnsupportedClient: only botocore can send these parameters or credentials.
        """
        calls = self._calls
        try:
            body = request_body(parameters)
            lines = calls.signer.header_lines(calls.targets[operation], body, credentials)
        except TypeError as error:
            raise UnsupportedClient(str(error)) from error
        except UnsupportedCredentials as error:
            raise UnsupportedClient(
                "the credentials contain characters that a header must not"
            ) from error
        head = f"{calls.heads[operation]}{lines}Content-Length: {len(body)}\r\n\r\n"
        return head.encode("latin-1") + body

    def send(
        self,
        operation: ApiCall,
        request: bytes,
        *,
        connect_seconds: float,
        read_seconds: float,
        deadline: Deadline,
    ) -> dict[str, Any]:
        """Return the result of one attempt: what boto3 returns, without ``ResponseMetadata``.

        Raises:
            botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: as botocore does,
                including ``BrokenResponse`` and ``ForeignResponse``.
        """
        response = self._connections.exchange(
            request,
            connect_seconds=connect_seconds,
            read_seconds=read_seconds,
            deadline=deadline,
        )
        content = checked_content(
            response.status,
            response.body,
            checksum=response.headers.get(b"x-amz-crc32"),
            encoding=response.headers.get(b"content-encoding"),
            is_list=operation.is_list,
        )
        if response.status == HTTPStatus.OK:
            return content
        raise self._error(operation, response, content)

    def close(self) -> None:
        """Close the connections that are idle."""
        self._connections.close()

    def _error(
        self,
        operation: ApiCall,
        response: HTTPResponse,
        content: Mapping[str, Any],
    ) -> Exception:
        """Return the exception that botocore raises for an error of DynamoDB."""
        model = self._models[operation]
        received = {
            "status_code": response.status,
            "headers": HeadersDict(
                {
                    name.decode("latin-1"): value.decode("latin-1")
                    for name, value in response.headers.items()
                }
            ),
            "body": response.body,
            CONTENT: content,
            "context": {"operation_name": model.name},
        }
        parser = AttributeParser()
        try:
            parsed = parser.parse(received, model.output_shape)
            code = parsed.get("Error", {}).get("Code")
            shape = code and model.service_model.shape_for_error_code(code)
            if shape:
                parsed.update(parser.parse(received, shape))
        except ResponseParserError as error:
            return BrokenResponse(reason=str(error))
        raised: Exception = self._exceptions.from_code(code)(parsed, model.name)
        return raised
