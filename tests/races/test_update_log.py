"""The log of a busy counter stays as short as documented."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Event

from dynamodb_items.domain.write_tokens import LOG_LENGTH, LOG_SLACK

from tests.engines import IS_SHORT
from tests.serving import Server, gunicorn

INSTANCES, WRITERS = 3, 12
SECONDS = 8 if IS_SHORT else 60
TYPED = {"Accept": "application/vnd.dynamodb+json"}
INCREMENT = json.dumps(
    {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
)


@contextmanager
def three_instances(url: str) -> Iterator[list[Server]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                gunicorn(
                    *(url, "-w", "1"), ITEMS_DEADLINE_SECONDS="60", ITEMS_READ_TIMEOUT_SECONDS="50"
                )
            )
            for _ in range(INSTANCES)
        ]


def test_twelve_writers_of_three_instances_keep_the_log_of_a_counter_short(arena, name):
    path = f"/items/7/{name}"
    ended = Event()

    def count(server: Server) -> list[int]:
        """The value of the counter after each update of one writer."""
        values = []
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            response = server.request(
                "PATCH", path, INCREMENT, Content_Type="application/vnd.dynamodb.update+json"
            )
            assert response.status == 200
            values.append(response.json["n"])
        return values

    def log_length(server: Server) -> int:
        item = server.request("GET", f"{path}?consistent_read=true", **TYPED).json
        return len(item.get("_version_log", {"L": []})["L"])

    def watch(server: Server) -> list[int]:
        lengths = []
        while not ended.wait(0.05):
            lengths.append(log_length(server))
        return lengths

    with three_instances(arena.wire.url) as servers, ThreadPoolExecutor(WRITERS + 1) as pool:
        watched = pool.submit(watch, servers[0])
        writers = [pool.submit(count, servers[number % INSTANCES]) for number in range(WRITERS)]
        try:
            values = [value for writer in writers for value in writer.result()]
        finally:
            ended.set()
        lengths, last = watched.result(), log_length(servers[0])

    assert sorted(values) == list(range(1, len(values) + 1))  # no update is lost or counted twice
    assert len(values) > LOG_LENGTH + LOG_SLACK
    # Updates that are in progress while the log is full are added to it.
    assert LOG_LENGTH // 2 < max(lengths) < LOG_LENGTH + LOG_SLACK + WRITERS
    assert last < LOG_LENGTH + LOG_SLACK
