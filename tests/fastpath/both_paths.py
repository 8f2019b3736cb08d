"""One call over botocore and over the fast path, and attribute values to send and receive."""

import base64
import json

from botocore.exceptions import ClientError
from dynamodb_items.domain.operations import Operation, Transaction
from dynamodb_items.dynamodb.error_codes import BrokenResponse, ForeignResponse
from hypothesis import strategies as st

numbers = st.from_regex(r"-?[1-9][0-9]{0,30}(\.[0-9]{0,6}[1-9])?", fullmatch=True)
scalars = st.one_of(
    st.builds(lambda text: {"S": text}, st.text(max_size=20)),
    st.builds(lambda number: {"N": number}, numbers),
    st.builds(lambda content: {"B": content}, st.binary(max_size=20)),
    st.booleans().map(lambda flag: {"BOOL": flag}),
    st.just({"NULL": True}),
    st.lists(st.text(max_size=5), min_size=1, unique=True).map(lambda members: {"SS": members}),
    st.lists(numbers, min_size=1, unique=True).map(lambda members: {"NS": members}),
    st.lists(st.binary(max_size=5), min_size=1, unique=True).map(lambda members: {"BS": members}),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda members: {"L": members}),
        st.dictionaries(st.text(max_size=8), inner, max_size=4).map(lambda members: {"M": members}),
    ),
    max_leaves=12,
)
items = st.dictionaries(st.text(min_size=1, max_size=8), values, max_size=6)


METHODS = {
    Operation.GET_ITEM: "get_item",
    Operation.PUT_ITEM: "put_item",
    Operation.UPDATE_ITEM: "update_item",
    Operation.DELETE_ITEM: "delete_item",
    Operation.QUERY: "query",
    Operation.SCAN: "scan",
    Transaction.GET_ITEMS: "transact_get_items",
    Transaction.WRITE_ITEMS: "transact_write_items",
}


def both(pair, operation, parameters):
    """What botocore and the fast path return or raise, and what each of them sent."""
    outcomes = []
    for call in (
        lambda: getattr(pair.client, METHODS[operation])(**parameters),
        lambda: pair.call(operation, parameters),
    ):
        try:
            outcome = call()
        except (ClientError, BrokenResponse, ForeignResponse) as error:
            outcome = error
        outcomes.append((outcome, pair.server.requests[-1]))
    return outcomes


def as_sent(attributes):
    return json.loads(json.dumps(attributes, default=_base64))


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
