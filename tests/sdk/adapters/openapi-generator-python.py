import sys
from typing import Any

from conversation import TYPED_JSON, Answer, Call, converse
from items_client import (
    ApiClient,
    ApiException,
    Configuration,
    ItemsApi,
    ItemUpdate,
    Problem,
)
from items_client.api_response import ApiResponse

api = ItemsApi(ApiClient(Configuration(host=sys.argv[1])))


def answer(call: Call) -> Answer:
    try:
        response = send(call)
    except AttributeError:
        # Wherever the document describes a body it reads one, also where the answer has none.
        return Answer(status=0, etag=None, item=None, problem=None)
    except ApiException as refusal:
        problem = refusal.data
        if not isinstance(problem, Problem):
            # 304, which has no body, is an exception here.
            etag = (refusal.headers or {}).get("ETag")
            return Answer(status=int(refusal.status), etag=etag, item=None, problem=None)
        return Answer(
            status=int(refusal.status),
            etag=None,
            item=None,
            problem={
                "type": problem.type,
                "title": problem.title,
                "status": problem.status,
                "detail": problem.detail,
                "request_id": problem.request_id,
            },
        )
    return Answer(
        status=response.status_code,
        etag=(response.headers or {}).get("ETag"),
        item=response.data,
        problem=None,
    )


def send(call: Call) -> ApiResponse[Any]:
    id_, name = call["id"], call["name"]
    headers = {"Accept": TYPED_JSON} if call["typed"] else {}
    match call["operation"]:
        case "get":
            return api.get_item_with_http_info(
                id_,
                name,
                fields=call["fields"],
                if_none_match=call["if_none_match"],
                _headers=headers,
            )
        case "put":
            return api.put_item_with_http_info(
                id_,
                name,
                call["item"],
                if_match=call["if_match"],
                if_none_match=call["if_none_match"],
                prefer=call["prefer"],
                _headers=headers,
                _content_type=TYPED_JSON if call["typed"] else None,
            )
        case "patch":
            return api.patch_item_with_http_info(
                id_, name, call["item"], if_match=call["if_match"], _headers=headers
            )
        case "update":
            update = ItemUpdate.model_validate({"id": id_, "name": name, **call["item"]})
            return api.update_item_with_http_info(
                update, if_match=call["if_match"], _headers=headers
            )
        case "delete":
            return api.delete_item_with_http_info(id_, name, if_match=call["if_match"])
        case operation:
            raise ValueError(operation)


converse(answer)
