"""gunicorn with four workers, as it is deployed, and a hundred clients at once."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.conftest import Engine
from tests.serving import Response, Server, gunicorn
from tests.wire import Cut, Exchange, Wire

CLIENTS = 100
WRITE_TOKEN = re.compile(rb'"([0-9a-f]{21})"')


@dataclass
class Arena:
    """A service, the wire behind it, and many clients that call it at once."""

    engine: Engine
    wire: Wire
    server: Server
    _turn: threading.Lock

    def together(
        self, request: Callable[[int], Response], clients: int = CLIENTS
    ) -> list[Response]:
        """Return the responses of clients that all start at the same moment."""
        start = threading.Barrier(clients)

        def run(client: int) -> Response:
            start.wait(60)
            return request(client)

        with ThreadPoolExecutor(clients) as pool:
            return list(pool.map(run, range(clients)))

    def pass_on(self, exchange: Exchange) -> None:
        exchange.send(self._forward(exchange))

    def lose_response(self, exchange: Exchange) -> None:
        self._forward(exchange)
        raise Cut

    def _forward(self, exchange: Exchange) -> bytes:
        if self.engine.name != "moto":
            return exchange.forward()
        # moto's server reads and writes items on several threads without a lock and loses updates.
        # DynamoDB carries out one write of an item after the other.
        with self._turn:
            return exchange.forward()


@pytest.fixture(scope="package")
def arena(engine) -> Iterator[Arena]:
    wire = Wire(engine.endpoint)
    # The races are about outcomes, not about the time that a busy machine takes.
    with gunicorn(
        wire.url, "-w", "4", ITEMS_DEADLINE_SECONDS="60", ITEMS_READ_TIMEOUT_SECONDS="50"
    ) as server:
        arena = Arena(engine, wire, server, threading.Lock())
        wire.fault(arena.pass_on)
        yield arena
    wire.close()


@pytest.fixture
def losing(arena):
    """The responses of every tenth first attempt of an operation are lost after it was applied."""

    def start(operation: str):
        seen = set()

        def is_first(call) -> bool:
            # A retry contains the token of the first attempt.
            token = WRITE_TOKEN.search(call.body)[1]
            is_new = token not in seen
            seen.add(token)
            return is_new

        arena.wire.heal()
        script = arena.wire.fault(arena.lose_response, operation=operation, every=10, when=is_first)
        arena.wire.fault(arena.pass_on)
        return script

    yield start
    arena.wire.heal()
    arena.wire.fault(arena.pass_on)


def statuses(responses: list[Response]) -> dict[int, int]:
    return dict(Counter(response.status for response in responses))
