"""The log of a busy counter stays as short as documented."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from dynamodb_items.domain.write_tokens import LOG_LENGTH, LOG_SLACK

from tests.engines import IS_SHORT
from tests.serving import gunicorn

INSTANCES, WRITERS = 3, 12
SECONDS = 8 if IS_SHORT else 60
INCREMENT = json.dumps(
    {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
)
HEADERS = {
    "Content_Type": "application/vnd.dynamodb.update+json",
    "Accept": "application/vnd.dynamodb+json",
}


def test_twelve_writers_of_three_instances_keep_the_log_of_a_counter_short(arena, name):
    path = f"/items/7/{name}"
    with ExitStack() as stack:
        instances = [
            stack.enter_context(
                gunicorn(
                    *(arena.wire.url, "-w", "1"),
                    ITEMS_DEADLINE_SECONDS="60",
                    ITEMS_READ_TIMEOUT_SECONDS="50",
                )
            )
            for _ in range(INSTANCES)
        ]

        def write(writer: int) -> list[int]:
            """The length of the log after each update of one writer."""
            lengths = []
            ends = time.monotonic() + SECONDS
            while time.monotonic() < ends:
                instance = instances[writer % INSTANCES]
                response = instance.request("PATCH", path, INCREMENT, **HEADERS)
                assert response.status == 200
                lengths.append(len(response.json["_version_log"]["L"]))
            return lengths

        with ThreadPoolExecutor(WRITERS) as pool:
            lengths = [length for each in pool.map(write, range(WRITERS)) for length in each]
        stored = instances[0].request(
            "GET", f"{path}?consistent_read=true", Accept=HEADERS["Accept"]
        )
    assert len(lengths) > LOG_LENGTH + LOG_SLACK
    assert stored.json["n"] == {"N": str(len(lengths))}
    # Updates that are in progress while the log is full are added to it.
    assert max(lengths) < LOG_LENGTH + LOG_SLACK + WRITERS
    assert len(stored.json["_version_log"]["L"]) < LOG_LENGTH + LOG_SLACK
