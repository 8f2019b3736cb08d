"""The stub backend: nginx with canned answers that DynamoDB would give, at next to no cost.

A read finds the item. A write answers the attributes that it asks for by ``ReturnValues``. Every
answer carries the checksum and the headers of DynamoDB's own.
"""

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dynamodb_items.local.processes import free_port

from bench.items import DELAY_MILLISECONDS, Size, item_name, stored
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
    answers = {{}}
    local function answer(file, checksum)
      local handle = assert(io.open("{folder}/" .. file, "rb"))
      local body = handle:read("*a")
      handle:close()
      return {{ body = body, length = #body, checksum = checksum }}
    end
{answers}
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    default_type application/x-amz-json-1.0;
    location / {{
      content_by_lua_block {{
        ngx.req.read_body()
        local body = ngx.req.get_body_data() or ""
        local name = string.match(body, '"Name"%s*:%s*{{%s*"S"%s*:%s*"([^"]*)"') or ""
        local known = answers[name] or answers["absent"]
        local target = ngx.var.http_x_amz_target or ""
        local answer
        if string.find(target, "GetItem", 1, true) then
          answer = known.item
        elseif string.find(body, '"ALL_', 1, true) then
          answer = known.attributes
        else
          answer = answers["absent"].item
        end
        if string.sub(name, -{suffix_length}) == "{suffix}" then ngx.sleep({delay_seconds}) end
        ngx.header["Content-Length"] = answer.length
        ngx.header["x-amz-crc32"] = answer.checksum
        ngx.header["x-amzn-RequestId"] = "QJ0EXAMPLE0EXAMPLE0EXAMPLE0EXAMPLE0EXAMPLE0EXAMPLE0"
        ngx.print(answer.body)
      }}
    }}
  }}
}}
"""


@contextmanager
def backend(cores: frozenset[int]) -> Iterator[str]:
    """The endpoint of a stub backend that runs on the given cores."""
    with tempfile.TemporaryDirectory(prefix="bench-backend-") as name:
        folder = Path(name)
        port = free_port()
        configuration = folder / "nginx.conf"
        suffix = f"-{DELAY_MILLISECONDS}ms"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder,
                port=port,
                answers="\n".join(_write_answers(folder)),
                suffix=suffix,
                suffix_length=len(suffix),
                delay_seconds=DELAY_MILLISECONDS / 1000,
            )
        )
        command = ["nginx", "-p", str(folder), "-c", str(configuration)]
        with running_on(command, {}, cores, folder / "output.log") as process:
            wait_until_it_listens(port, process)
            yield f"http://127.0.0.1:{port}"


def _write_answers(folder: Path) -> Iterator[str]:
    """The answers as files, and a line of Lua for each that loads it."""
    folder.chmod(0o755)  # nginx gives up root's rights
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


def _loading(folder: Path, name: str, item: bytes, attributes: bytes) -> str:
    members = []
    for member, body in (("item", item), ("attributes", attributes)):
        file = f"{name}.{member}.json"
        (folder / file).write_bytes(body)
        members.append(f'{member} = answer("{file}", "{zlib.crc32(body)}")')
    return f'    answers["{name}"] = {{ {", ".join(members)} }}'
