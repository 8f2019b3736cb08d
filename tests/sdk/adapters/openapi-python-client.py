import json
import sys
from http import HTTPStatus

from conversation import TYPED_JSON, Call, Result, converse
from items_client import Client
from items_client.api.items import delete_item, get_item, patch_item, put_item, update_item
from items_client.api.lists import list_partition, query_items
from items_client.models import (
    Item,
    ItemPatch,
    ItemUpdate,
    ListPartitionOrder,
    Page,
    Problem,
    Query,
    TypedItem,
)
from items_client.types import UNSET, Response

Reply = Response[Item | Problem | object] | Response[Page | Problem]

plain = Client(base_url=sys.argv[1])
# Without an Accept header of its own, a call gets plain JSON.
typed = Client(base_url=sys.argv[1], headers={"Accept": TYPED_JSON})


def result(call: Call) -> Result:
    try:
        return result_of(send(call))
    except json.JSONDecodeError:
        # It reads a body that the document describes, also where the response has none.
        return Result(status=0, etag=None, item=None, problem=None)


def send(call: Call) -> Reply:
    client = typed if call["typed"] else plain
    id_, name = call["id"], call["name"]
    if_match = call["if_match"] or UNSET
    response: Reply
    match call["operation"]:
        case "get":
            response = get_item.sync_detailed(
                id_,
                name,
                client=client,
                if_none_match=call["if_none_match"] or UNSET,
                fields=call["fields"] or UNSET,
            )
        case "put":
            body = (
                TypedItem.from_dict(call["item"]) if call["typed"] else Item.from_dict(call["item"])
            )
            response = put_item.sync_detailed(
                id_,
                name,
                client=client,
                body=body,
                if_match=if_match,
                if_none_match=call["if_none_match"] or UNSET,
                prefer=call["prefer"] or UNSET,
            )
        case "patch":
            patch = ItemPatch.from_dict(call["item"])
            response = patch_item.sync_detailed(
                id_, name, client=client, body=patch, if_match=if_match
            )
        case "update":
            update = ItemUpdate.from_dict({"id": id_, "name": name, **call["item"]})
            response = update_item.sync_detailed(client=client, body=update, if_match=if_match)
        case "delete":
            response = delete_item.sync_detailed(id_, name, client=client, if_match=if_match)
        case "list":
            response = list_partition.sync_detailed(
                id_,
                client=client,
                limit=call["limit"] or UNSET,
                cursor=call["cursor"] or UNSET,
                prefix=call["prefix"] or UNSET,
                order=ListPartitionOrder(call["order"]) if call["order"] else UNSET,
            )
        case "query":
            response = query_items.sync_detailed(client=client, body=Query.from_dict(call["item"]))
        case operation:
            raise ValueError(operation)
    return response


def result_of(response: Reply) -> Result:
    result = Result(
        status=HTTPStatus(response.status_code).value,
        etag=response.headers.get("ETag"),
        item=None,
        problem=None,
    )
    match response.parsed:
        case Problem() as problem:
            result["problem"] = {
                "type": problem.type_,
                "title": problem.title,
                "status": problem.status,
                "detail": problem.detail,
                "request_id": problem.request_id,
            }
        case Item() | TypedItem() as item:
            result["item"] = item.to_dict()
        case Page() as page:
            result["page"] = {
                "items": [listed.to_dict() for listed in page.items],
                "next": page.next_,
                "evaluated": page.evaluated,
            }
    return result


converse(result)
