"""A fake of the service for the unit tests of import and export."""

import base64
import json
import threading
from collections.abc import Callable
from urllib.parse import parse_qs, unquote

import httpx
from dynamodb_items.transfer.client.exact_json import as_line, parse

URL = "http://127.0.0.1:8000"
PAGE_ITEMS = 1000


class FakeService:
    """Items in memory, over a mock transport: PUT, and the lists of the contract."""

    def __init__(self, *key_attributes: str) -> None:
        self.key_attributes = key_attributes or ("Id:N", "Name:S")
        self.items: dict[str, bytes] = {}
        self.requests: list[httpx.Request] = []
        self.intercept: Callable[[httpx.Request], httpx.Response | None] = lambda _: None
        self.lists = ("/items", "/items/{id}", "/indexes/{index}/{value}")
        self._lock = threading.Lock()

    @property
    def puts(self) -> list[str]:
        return [str(each.url.raw_path, "ascii") for each in self.requests if each.method == "PUT"]

    def client(self, url, headers, ca_file, connections):
        """Stand in for ``http_client``."""
        assert ca_file is None
        assert connections >= 1
        return httpx.Client(
            base_url=url, headers=headers, transport=httpx.MockTransport(self._handle)
        )

    def _handle(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.requests.append(request)
            response = self.intercept(request)
            if response is not None:
                return response
            if request.url.path == "/openapi.json":
                return httpx.Response(200, json=self._document())
            return self._put(request) if request.method == "PUT" else self._list(request)

    def _put(self, request: httpx.Request) -> httpx.Response:
        path = str(request.url.raw_path, "ascii")
        if request.headers.get("If-None-Match") == "*" and path in self.items:
            return problem(412, "Precondition failed")
        is_new = path not in self.items
        self.items[path] = request.read()
        return httpx.Response(201 if is_new else 200)

    def _list(self, request: httpx.Request) -> httpx.Response:
        query = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        segment, segments = int(query.get("segment", 0)), int(query.get("segments", 1))
        paths = sorted(self.items)[segment::segments]
        prefix = str(request.url.raw_path, "ascii").partition("?")[0]
        paths = [path for path in paths if path.startswith(prefix)]
        start = int(base64.b64decode(query["cursor"])) if "cursor" in query else 0
        end = start + int(query["limit"])
        members = [
            {"id": "", "name": unquote(path), "etag": None, "item": parse(self.items[path])}
            for path in paths[start:end]
        ]
        cursor = base64.b64encode(b"%d" % end).decode() if end < len(paths) else None
        page = {"items": members, "next": cursor, "evaluated": str(len(members))}
        return httpx.Response(200, content=as_line(page))

    def _document(self):
        limit = {"name": "limit", "in": "query", "schema": {"maximum": PAGE_ITEMS}}
        paths = {path: {"get": {"parameters": [limit]}} for path in self.lists}
        keys = [each.split(":") for each in self.key_attributes]
        paths["/items/{id}/{name}"] = {
            "parameters": [
                {"name": name, "in": "path", "x-dynamodb-attribute": name, "x-dynamodb-type": type_}
                for name, type_ in keys
            ],
            "get": {"operationId": "getItem"},
        }
        return {"paths": paths}


def problem(status, title, detail="Why.", **headers):
    content = {"title": title, "status": status, "detail": detail}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=json.dumps(content).encode(), headers=names)
