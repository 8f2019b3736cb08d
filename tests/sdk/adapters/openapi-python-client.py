import json
import sys
from http import HTTPStatus

from conversation import TYPED_JSON, Answer, Call, converse
from items_client import Client
from items_client.api.items import delete_item, get_item, patch_item, put_item, update_item
from items_client.models import Item, ItemPatch, ItemUpdate, Problem, TypedItem
from items_client.types import UNSET, Response

plain = Client(base_url=sys.argv[1])
# Without an Accept header of its own, a call is answered in plain JSON.
typed = Client(base_url=sys.argv[1], headers={"Accept": TYPED_JSON})


def answer(call: Call) -> Answer:
    try:
        return answer_of(send(call))
    except json.JSONDecodeError:
        # Wherever the document describes a body it reads one, also where the answer has none.
        return Answer(status=0, etag=None, item=None, problem=None)


def send(call: Call) -> Response[Item | Problem | object]:
    client = typed if call["typed"] else plain
    id_, name = call["id"], call["name"]
    if_match = call["if_match"] or UNSET
    response: Response[Item | Problem | object]
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
        case operation:
            raise ValueError(operation)
    return response


def answer_of(response: Response[Item | Problem | object]) -> Answer:
    answer = Answer(
        status=HTTPStatus(response.status_code).value,
        etag=response.headers.get("ETag"),
        item=None,
        problem=None,
    )
    match response.parsed:
        case Problem() as problem:
            answer["problem"] = {
                "type": problem.type_,
                "title": problem.title,
                "status": problem.status,
                "detail": problem.detail,
                "request_id": problem.request_id,
            }
        case Item() | TypedItem() as item:
            answer["item"] = item.to_dict()
    return answer


converse(answer)
