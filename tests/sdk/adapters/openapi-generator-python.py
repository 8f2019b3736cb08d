import sys
from typing import Any

from conversation import TYPED_JSON, Call, Result, converse
from items_client import (
    ApiClient,
    ApiException,
    Configuration,
    ItemsApi,
    ItemUpdate,
    ListsApi,
    Page,
    Problem,
    Query,
)
from items_client.api_response import ApiResponse

client = ApiClient(Configuration(host=sys.argv[1]))
api = ItemsApi(client)
lists = ListsApi(client)


def result(call: Call) -> Result:
    try:
        response = send(call)
    except AttributeError:
        # It reads a body that the document describes, also where the response has none.
        return Result(status=0, etag=None, item=None, problem=None)
    except ApiException as failure:
        problem = failure.data
        if not isinstance(problem, Problem):
            # 304, which has no body, is an exception here.
            etag = (failure.headers or {}).get("ETag")
            return Result(status=int(failure.status), etag=etag, item=None, problem=None)
        return Result(
            status=int(failure.status),
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
    etag = (response.headers or {}).get("ETag")
    result = Result(status=response.status_code, etag=etag, item=None, problem=None)
    match response.data:
        case Page() as page:
            result["page"] = {
                "items": [listed.to_dict() for listed in page.items],
                "next": page.next,
                "evaluated": page.evaluated,
            }
        case item:
            result["item"] = item
    return result


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
        case "list":
            return lists.list_partition_with_http_info(
                id_,
                limit=call["limit"],
                cursor=call["cursor"],
                prefix=call["prefix"],
                order=call["order"],
            )
        case "query":
            return lists.query_items_with_http_info(Query.model_validate(call["item"]))
        case operation:
            raise ValueError(operation)


converse(result)
