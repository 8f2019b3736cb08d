"""botocore without its own serialization and parsing of attribute values.

botocore serializes and parses each value by the model of its shape, which takes a second of
processor time for a large item and blocks all other requests of the process. DynamoDB's requests
and responses contain the values' JSON itself, except for binary.
"""

from collections.abc import Mapping
from typing import Any

from botocore.model import MapShape
from botocore.parsers import JSONParser, ResponseParserFactory

from dynamodb_items.dynamodb.response_checks import CONTENT
from dynamodb_items.dynamodb.wire_json import request_body

_PARAMETERS = "items.parameters"


class AttributeParser(JSONParser):
    """Parser of a response in which ``check_response`` has stored the content."""

    _content: Any = None

    def parse(self, response: Mapping[str, Any], shape: Any) -> dict[str, Any]:
        """Return the parsed response as botocore does."""
        self._content = response[CONTENT]
        parsed: dict[str, Any] = super().parse(response, shape)
        return parsed

    def _parse_body_as_json(self, _body: bytes) -> Any:
        return self._content

    def _handle_map(self, shape: MapShape, value: dict[str, Any]) -> Any:
        if shape.value.name == "AttributeValue":
            return value
        return super()._handle_map(shape, value)  # type: ignore[misc]


class AttributeParserFactory(ResponseParserFactory):
    """Factory of parsers for DynamoDB's protocol."""

    def create_parser(self, protocol_name: str) -> Any:
        """Return a parser of one response."""
        if protocol_name == "json":
            return AttributeParser()
        return super().create_parser(protocol_name)


def write_bodies_at_once(client: Any) -> None:
    """Write the client's request bodies in one step, in handlers of its events.

    https://docs.aws.amazon.com/boto3/latest/guide/events.html
    """
    client.meta.events.register("provide-client-params.dynamodb", _withhold)
    client.meta.events.register_last("before-call.dynamodb", _write)


def _withhold(
    params: Mapping[str, Any], context: dict[str, Any], **_event: object
) -> Mapping[str, Any] | None:
    """Keep only the names of tables, from which botocore derives the endpoint."""
    try:
        context[_PARAMETERS] = request_body(params)
    except TypeError:  # botocore handles it, such as a lone surrogate
        return None
    return {
        name: [_table_names(member) for member in value] if name == "TransactItems" else value
        for name, value in params.items()
        if name in ("TableName", "TransactItems")
    }


def _table_names(member: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    return {kind: {"TableName": each["TableName"]} for kind, each in member.items()}


def _write(params: dict[str, Any], context: Mapping[str, Any], **_event: object) -> None:
    if _PARAMETERS in context:
        params["body"] = context[_PARAMETERS]
