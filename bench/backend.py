"""The stub backend: nginx with prepared responses of DynamoDB, at very low cost.

A read returns the item, a query 100 of them. A write returns the attributes that its
``ReturnValues`` names. Every response has the checksum and the headers of a response of DynamoDB.
"""

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dynamodb_items.local.processes import free_port

from bench.items import (
    DELAY_MILLISECONDS,
    LISTED_PARTITIONS,
    PAGE_ITEMS,
    Size,
    item_name,
    stored,
    stored_batch,
    stored_page,
)
from bench.processes import running_on, wait_until_it_listens

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 1h;
  client_max_body_size 2m;
  client_body_buffer_size 2m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  init_by_lua_block {{
    responses = {{}}
    local function response(file, checksum)
      local handle = assert(io.open("{folder}/" .. file, "rb"))
      local body = handle:read("*a")
      handle:close()
      return {{ body = body, length = #body, checksum = checksum }}
    end
{responses}
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    default_type application/x-amz-json-1.0;
    location / {{
      content_by_lua_block {{
        ngx.req.read_body()
        local body = ngx.req.get_body_data() or ""
        local name = string.match(body, '"Name"%s*:%s*{{%s*"S"%s*:%s*"([^"]*)"') or ""
        local known = responses[name] or responses["absent"]
        local target = ngx.var.http_x_amz_target or ""
        local response
        if string.find(target, "TransactGetItems", 1, true) then
          response = responses["batch"].item
        elseif string.find(target, "Query", 1, true) then
          local partition = string.match(body, '"N"%s*:%s*"([0-9]+)"')
          local limit = string.match(body, '"Limit"%s*:%s*([0-9]+)')
          response = responses["page-" .. partition .. "-" .. limit].item
        elseif string.find(target, "GetItem", 1, true) then
          response = known.item
        elseif string.find(body, '"ALL_', 1, true) then
          response = known.attributes
        else
          response = responses["absent"].item
        end
        if string.sub(name, -{suffix_length}) == "{suffix}" then ngx.sleep({delay_seconds}) end
        ngx.header["Content-Length"] = response.length
        ngx.header["x-amz-crc32"] = response.checksum
        ngx.header["x-amzn-RequestId"] = "QJ0EXAMPLE0EXAMPLE0EXAMPLE0EXAMPLE0EXAMPLE0EXAMPLE0"
        ngx.print(response.body)
      }}
    }}
  }}
}}
"""


@contextmanager
def backend(cores: frozenset[int]) -> Iterator[str]:
    """Run a stub backend on the given cores and yield its endpoint."""
    with tempfile.TemporaryDirectory(prefix="bench-backend-") as name:
        folder = Path(name)
        port = free_port()
        configuration = folder / "nginx.conf"
        suffix = f"-{DELAY_MILLISECONDS}ms"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder,
                port=port,
                responses="\n".join(_write_responses(folder)),
                suffix=suffix,
                suffix_length=len(suffix),
                delay_seconds=DELAY_MILLISECONDS / 1000,
            )
        )
        command = ["nginx", "-p", str(folder), "-c", str(configuration)]
        with running_on(command, {}, cores, folder / "output.log") as process:
            wait_until_it_listens(port, process)
            yield f"http://127.0.0.1:{port}"


def _write_responses(folder: Path) -> Iterator[str]:
    """Write the responses to files; yield the line of Lua that loads each of them."""
    folder.chmod(0o755)  # nginx drops the rights of root
    yield _loading(folder, "absent", b"{}", b"{}")
    for size in Size:
        for delayed in (False, True):
            item = stored(size, delayed=delayed)
            yield _loading(
                folder,
                item_name(size, delayed=delayed),
                b'{"Item":' + item + b"}",
                b'{"Attributes":' + item + b"}",
            )
    yield _loading(folder, "batch", stored_batch(Size.SMALL), b"{}")
    for listed, partition in LISTED_PARTITIONS.items():
        # The service reads one item more than it returns.
        for count in (PAGE_ITEMS, PAGE_ITEMS + 1):
            page = stored_page(Size(listed), count)
            yield _loading(folder, f"page-{partition}-{count}", page, b"{}")


def _loading(folder: Path, name: str, item: bytes, attributes: bytes) -> str:
    members = []
    for member, body in (("item", item), ("attributes", attributes)):
        file = f"{name}.{member}.json"
        (folder / file).write_bytes(body)
        members.append(f'{member} = response("{file}", "{zlib.crc32(body)}")')
    return f'    responses["{name}"] = {{ {", ".join(members)} }}'
