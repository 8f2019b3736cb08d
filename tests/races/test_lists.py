"""Lists while others write: what exists throughout is listed once, in order, by any instance."""

import base64
import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.keys import base64url
from dynamodb_items.domain.numbers import canonical_number
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items.local.sample_table import create_empty_table

from tests.races.conftest import Arena
from tests.serving import Server, gunicorn

STEADY_ITEMS, CHANGING_ITEMS, LISTS, WRITERS = 40, 20, 12, 2
SEGMENTS = 3
PARTITION = "-" + "9" * 38
JSON = {"Content_Type": "application/json"}
CHARACTERS = ("a", "b", "B", "/", ".", "%", "?", " ", "\x00", "ä", "\u0301", "\uffff", "\U0001f600")
BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda position, bound: position > bound,
    "ge": lambda position, bound: position >= bound,
    "lt": lambda position, bound: position < bound,
    "le": lambda position, bound: position <= bound,
}


def random_text(chance: random.Random) -> str:
    return "".join(chance.choices(CHARACTERS, k=chance.randint(1, 4)))


def random_number(chance: random.Random) -> str:
    digits = chance.choice((1, 2, 37, 38))
    number = Decimal(chance.randint(-(10**digits), 10**digits))
    return canonical_number(number.scaleb(chance.choice((-125, -38, -2, 0, 0, 2, 80))))


def random_binary(chance: random.Random) -> str:
    return base64url(bytes(chance.choices((0, 1, 127, 128, 255), k=chance.randint(1, 5))))


@dataclass(frozen=True)
class SortKeys:
    """Random sort keys of one type, as the text of URL segments."""

    random: Callable[[random.Random], str]
    position: Callable[[str], Any]
    """What DynamoDB orders them by."""
    has_prefixes: bool = True

    def conditions(self, chance: random.Random, known: list[str]) -> dict[str, str]:
        """Return random conditions, with bounds that are known keys or new ones."""
        values = [*chance.choices(known, k=2), self.random(chance)]
        low, high = chance.choice(("gt", "ge")), chance.choice(("lt", "le"))
        choices = [{}, {low: values[0]}, {high: values[0]}, {low: values[0], high: values[1]}]
        if self.has_prefixes:
            choices += [{"prefix": ""}, {"prefix": values[0]}, {"prefix": values[2]}]
        else:
            choices += [{low: values[2]}, {low: values[1], high: values[2]}]
        return chance.choice(choices)

    def meets(self, key: str, conditions: dict[str, str]) -> bool:
        position = self.position(key)
        return all(
            position[: len(bound)] == bound if name == "prefix" else BOUNDS[name](position, bound)
            for name, value in conditions.items()
            for bound in (self.position(value),)
        )


def binary_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


SORT_KEYS = {
    "S": SortKeys(random_text, str.encode),
    "N": SortKeys(random_number, Decimal, has_prefixes=False),
    "B": SortKeys(random_binary, binary_of),
}


class Fleet:
    """Two instances with three workers. Every page is read from any, on a new connection."""

    def __init__(self, arena: Arena, variables: dict[str, str]) -> None:
        self._arena = arena
        self._variables = variables
        self._stacks = (ExitStack(), ExitStack())
        self.instances: list[Server] = [self._start(number) for number in (0, 1)]

    def restart(self, number: int) -> None:
        self._stacks[number].close()
        self.instances[number] = self._start(number)

    def close(self) -> None:
        for stack in self._stacks:
            stack.close()

    def pages(
        self, chance: random.Random, path: str, parameters: dict[str, str]
    ) -> Iterator[dict[str, Any]]:
        """Yield the pages of a list; those of a partition by GET or by POST, page by page."""
        cursor = None
        for number in itertools.count():
            assert number < 2 * (STEADY_ITEMS + CHANGING_ITEMS), "the list has an end"
            wanted = parameters if cursor is None else {**parameters, "cursor": cursor}
            instance = chance.choice(self.instances)
            if path == "/items" or chance.random() < 0.5:
                response = instance.request("GET", f"{path}?{urlencode(wanted)}")
            else:
                body = {**wanted, "id": PARTITION, "limit": int(wanted["limit"])}
                response = instance.request("POST", "/items:query", json.dumps(body), **JSON)
            assert response.status == 200, response.body
            page = response.json
            assert 0 < len(page["items"]) <= int(wanted["limit"]) or page["next"] is None
            yield page
            cursor = page["next"]
            if cursor is None:
                return

    def _start(self, number: int) -> Server:
        workers = str(2 - number)
        service = gunicorn(self._arena.wire.url, "-w", workers, **self._variables)
        return self._stacks[number].enter_context(service)


@dataclass(frozen=True)
class Scene:
    fleet: Fleet
    keys: SortKeys
    chance: random.Random
    steady: list[str]
    changing: list[str]

    @property
    def known(self) -> list[str]:
        return [*self.steady, *self.changing]

    def put(self, key: str) -> int:
        return self.fleet.instances[0].request("PUT", item_path(key), "{}", **JSON).status

    @contextmanager
    def writers(self) -> Iterator[None]:
        """Have others create and delete items, through an instance, during a block."""
        stop = threading.Event()

        def write(number: int) -> set[int]:
            chance, statuses = random.Random(number), set()
            while not stop.is_set():
                key = chance.choice(self.changing)
                if chance.random() < 0.5:
                    statuses.add(self.put(key))
                else:
                    path = item_path(key)
                    statuses.add(self.fleet.instances[0].request("DELETE", path).status)
            return statuses

        with ThreadPoolExecutor(WRITERS) as pool:
            writing = [pool.submit(write, number) for number in range(WRITERS)]
            try:
                yield
            finally:
                stop.set()
        # Created, replaced, deleted.
        assert set().union(*(each.result() for each in writing)) == {201, 200, 204}

    def listed(self, pages: Iterator[dict[str, Any]]) -> list[str]:
        return [item["name"] for page in pages for item in page["items"]]

    def check(self, listed: list[str], conditions: dict[str, str], order: str) -> None:
        """Check that a list has each steady item once, each other at most once, in order."""
        positions = [self.keys.position(key) for key in listed]
        assert positions == sorted(set(positions), reverse=order == "desc")
        assert all(self.keys.meets(key, conditions) for key in listed)
        steady = set(self.steady)
        expected = {key for key in steady if self.keys.meets(key, conditions)}
        assert {key for key in listed if key in steady} == expected


def item_path(key: str) -> str:
    return f"/items/{PARTITION}/{quote(key, safe='')}"


@pytest.fixture(params=SORT_KEYS)
def scene(request, arena) -> Iterator[Scene]:
    type_, keys = request.param, SORT_KEYS[request.param]
    variables = {
        "ITEMS_TABLE": f"lists-{type_}",
        "ITEMS_SORT_KEY": f"Sort:{type_}",
        "ITEMS_OPERATIONS": ",".join(DEFAULT_OPERATIONS | {Operation.QUERY, Operation.SCAN}),
        "ITEMS_DEADLINE_SECONDS": "60",
        "ITEMS_READ_TIMEOUT_SECONDS": "50",
    }
    create_empty_table(arena.engine.dynamodb, Settings.from_environment(variables))
    fleet = Fleet(arena, variables)
    chance = random.Random(type_)
    known: dict[str, None] = {}
    while len(known) < STEADY_ITEMS + CHANGING_ITEMS:
        known[keys.random(chance)] = None
    scene = Scene(fleet, keys, chance, [*known][:STEADY_ITEMS], [*known][STEADY_ITEMS:])
    try:
        for key in scene.known:
            assert scene.put(key) == 201
        yield scene
    finally:
        fleet.close()


def test_what_exists_throughout_is_listed_once_in_order_while_others_write(scene):
    fleet, chance = scene.fleet, scene.chance
    with scene.writers():
        for _ in range(LISTS):
            conditions = scene.keys.conditions(chance, scene.known)
            order = chance.choice(("asc", "desc"))
            limit = chance.choice(("1", "3", "7", "30", "1000"))
            parameters = {**conditions, "order": order, "limit": limit}
            pages = fleet.pages(chance, f"/items/{PARTITION}", parameters)
            scene.check(scene.listed(pages), conditions, order)

        # A cursor stays valid when the instance that made it ends.
        pages = fleet.pages(chance, f"/items/{PARTITION}", {"limit": "7"})
        before = scene.listed(itertools.islice(pages, 2))
        fleet.restart(1)
        scene.check(before + scene.listed(pages), {}, "asc")

        for segments in (1, SEGMENTS):
            scanned = []
            for segment in range(segments):
                part = {"segment": str(segment), "segments": str(segments), "limit": "7"}
                scanned += scene.listed(fleet.pages(chance, "/items", part))
            scene.check(sorted(scanned, key=scene.keys.position), {}, "asc")
            assert len(scanned) == len(set(scanned))
