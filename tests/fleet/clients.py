"""Clients that create, read, change and delete items of their own, each on a kept connection."""

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Self

PAUSE_SECONDS = 0.005
NATIVE = "application/vnd.dynamodb.update+json"
COUNT = json.dumps(
    {
        "UpdateExpression": "ADD hits :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
)


@dataclass(frozen=True)
class Outcome:
    """What became of one request; the status is None if no response arrived."""

    method: str
    began: float
    ended: float
    status: int | None
    problem: str
    """The end of the problem's type; empty without a problem of the service."""
    text: str

    @property
    def failed(self) -> bool:
        return self.status is None or self.status >= 500

    @property
    def is_the_proxy_s(self) -> bool:
        """Return whether the client got no response, or one that the service did not make."""
        return self.failed and not self.problem


class Unexpected(AssertionError):
    """A response that is not the one right response of its request."""


@dataclass
class Clients:
    """So many clients of one proxy, until the block ends."""

    address: tuple[str, int]
    name: str
    count: int
    outcomes: list[Outcome] = field(default_factory=list)
    counted: list[int] = field(default_factory=list)
    """Of each client, how many additions were confirmed, then how many may have been made."""
    errors: list[BaseException] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        for number in range(self.count):
            client = Client(self, number)
            thread = threading.Thread(target=self._run, args=(client,))
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, client: "Client") -> None:
        try:
            while not self._stop.is_set():
                client.turn()
            client.check_count()
        except BaseException as error:  # noqa: BLE001 - reported by the test's thread
            self.errors.append(error)
        finally:
            client.connection.close()

    def since(self, moment: float) -> list[Outcome]:
        """Return what became of the requests that began after this moment."""
        return [outcome for outcome in self.outcomes if outcome.began >= moment]

    def served(self) -> int:
        return sum(not outcome.failed for outcome in self.outcomes)


class Client:
    """One client: its connection, its item, and what it knows of the item."""

    def __init__(self, clients: Clients, number: int) -> None:
        self.clients = clients
        self.connection = http.client.HTTPConnection(*clients.address, timeout=60)
        self.item = f"/items/{number}/{clients.name}"
        self.counter = f"/items/{number}/{clients.name}-counter"
        self.turns = 0
        self.confirmed = 0
        self.possible = 0
        self.is_certain = False
        """Whether every request of this turn has succeeded, so that the next has one outcome."""

    def turn(self) -> None:
        """Create, read, change, read, list and delete the item, and add to the counter."""
        self.turns += 1
        number = self.turns
        steps: tuple[tuple[str, str, str | None, str, int], ...] = (
            ("PUT", self.item, json.dumps({"turn": number}), "application/json", 201),
            ("GET", f"{self.item}?consistent_read=true", None, "", 200),
            ("PATCH", self.item, '{"patched": true}', "application/merge-patch+json", 200),
            ("POST", "/items:batchGet", self._batch(), "application/json", 200),
            ("GET", self._page(), None, "", 200),
            ("DELETE", self.item, None, "", 204),
        )
        for method, path, body, media_type, expected in steps:
            status, content = self.request(method, path, body, media_type)
            if status is None or status >= 500:
                self.is_certain = False
            elif self.is_certain and status != expected:
                raise Unexpected(f"{method} {path}: {status} {content!r}")
            elif self.is_certain and method == "GET" and _item_of(content)["turn"] != number:
                raise Unexpected(f"{content} is not of turn {number}")
        # Only now is the item certainly absent.
        self.is_certain = status == 204
        self.add_one()

    def _batch(self) -> str:
        _, _, number, name = self.item.split("/")
        return json.dumps({"keys": [{"id": number, "name": name}]})

    def _page(self) -> str:
        """Return the path of a list whose first item is the client's."""
        _, _, number, name = self.item.split("/")
        return f"/items/{number}?consistent_read=true&ge={name}&limit=1"

    def add_one(self) -> None:
        """Make an addition that must be applied once, whatever the proxy repeats."""
        status, _ = self.request("PATCH", self.counter, COUNT, NATIVE)
        self.confirmed += status == 200
        # 503 means that nothing was done; 504, 502 and no response leave it open.
        self.possible += status in (200, 502, 504, None)

    def check_count(self) -> None:
        """Read the counter once every proxy and instance serves again."""
        until = time.monotonic() + 30
        while True:
            status, content = self.request("GET", f"{self.counter}?consistent_read=true", None, "")
            if status == 200 or time.monotonic() > until:
                break
            time.sleep(0.2)
        counted = int(content["hits"])
        if not self.confirmed <= counted <= self.possible:
            raise Unexpected(f"{counted} hits of {self.confirmed} to {self.possible}")

    def request(self, method: str, path: str, body: str | None, media_type: str):
        """Send one request and record its outcome; return status and parsed body."""
        headers = {"Content-Type": media_type} if body is not None else {}
        began = time.monotonic()
        status, content, parsed = None, b"", None
        text = ""
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            content = response.read()
            status = response.status
            if response.headers.get_content_subtype().endswith("json") and content:
                parsed = json.loads(content)
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            text = repr(error)
        ended = time.monotonic()
        problem = ""
        if status is not None and status >= 400:
            text = content[:300].decode("utf-8", "replace")
            problem = parsed["type"].rpartition("#")[2] if parsed else ""
        self.clients.outcomes.append(Outcome(method, began, ended, status, problem, text))
        time.sleep(PAUSE_SECONDS)
        return status, parsed


def _item_of(content: Any) -> Any:
    """Return the item of a GET, or the first one of a page."""
    return content["items"][0]["item"] if "items" in content else content
