"""Three instances behind a real nginx and a real HAProxy, with the shipped configurations.

A short form runs with every `make test`. The long form has the shipped times and more of
everything: ITEMS_FLEET_LONG=1.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.local import launcher

from tests.engines import ENGINES, client_for
from tests.fleet.clients import Clients
from tests.fleet.instances import Fleet
from tests.proxies.conftest import haproxy, nginx


@dataclass(frozen=True)
class Form:
    """How long everything lasts, in seconds; ``stopped`` is how many instances are replaced."""

    drain: int
    check_interval: str
    clients: int
    stopped: int
    outage: float
    flapping: float
    starving: float
    without_credentials: float


SHORT = Form(2, "500ms", 3, stopped=1, outage=3, flapping=4, starving=4, without_credentials=3)
LONG = Form(15, "5s", 6, stopped=3, outage=20, flapping=30, starving=30, without_credentials=30)
IS_LONG = os.environ.get("ITEMS_FLEET_LONG") == "1"


@pytest.fixture(scope="session")
def form() -> Form:
    return LONG if IS_LONG else SHORT


@pytest.fixture(scope="session")
def session_fleet(form) -> Iterator[Fleet]:
    # The engine that loses no update of many at once.
    with ENGINES["ministack"]() as endpoint:
        launcher.create_table(client_for(endpoint), Settings())
        fleet = Fleet(endpoint, form.drain)
        try:
            fleet.start()
            yield fleet
        finally:
            fleet.close()


@pytest.fixture
def fleet(session_fleet) -> Fleet:
    session_fleet.recover()
    return session_fleet


@pytest.fixture(scope="session")
def proxies(session_fleet, form, tmp_path_factory) -> Iterator[dict[str, tuple[str, int]]]:
    """Yield the addresses of both proxies, by name."""
    addresses = [instance.address for instance in session_fleet.instances]
    folder = tmp_path_factory.mktemp("proxies")
    (folder / "nginx").mkdir()
    (folder / "haproxy").mkdir()
    line = "server 127.0.0.1:8000 max_fails=0;"
    servers = "\n".join(line.replace("127.0.0.1:8000", address) for address in addresses)
    checked = "\n    ".join(
        f"server instance{number} {address}" for number, address in enumerate(addresses)
    )
    with (
        nginx(addresses[0], folder / "nginx", (line, servers)) as in_front,
        haproxy(
            addresses[0],
            folder / "haproxy",
            ("server one 127.0.0.1:8000", checked),
            ("inter 5s", f"inter {form.check_interval}"),
        ) as other,
    ):
        yield {name: _address(url) for name, url in (("nginx", in_front), ("haproxy", other))}


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname, parts.port


@pytest.fixture
def under_load(fleet, proxies, form, request):
    """Return a context in which clients of both proxies send requests; it checks what they got."""

    @contextmanager
    def run() -> Iterator[dict[str, Clients]]:
        with ExitStack() as stack:
            every = {
                name: stack.enter_context(
                    Clients(address, f"{request.node.name}-{name}", form.clients)
                )
                for name, address in proxies.items()
            }
            yield every
            fleet.recover()
        for name, clients in every.items():
            failed = sum(outcome.failed for outcome in clients.outcomes)
            # For docs/fleet.md: pytest's -rP shows it.
            sys.stdout.write(f"{name}: {len(clients.outcomes)} requests, {failed} failed\n")
            assert clients.errors == [], name

    return run
