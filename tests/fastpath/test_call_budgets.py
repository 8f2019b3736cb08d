"""What a request costs, counted in function calls, which are the same on every machine.

A change that needs more calls than a budget allows is slower, or does more: find out which. One
that needs clearly fewer lowers the budget. ``make bench`` measures the time.
"""

import io
import sys
import zlib

import pytest
from dynamodb_items.app import create_app, create_repository
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import Operation
from werkzeug.test import EnvironBuilder

from bench.items import (
    BATCH_GET_PATH,
    BATCH_PATH,
    PAGE_ITEMS,
    Size,
    page_path,
    stored,
    stored_batch,
    stored_page,
)
from bench.load import BATCH_GET, BATCH_PUT, Load
from tests.conftest import aws_variables, environment
from tests.fastpath.scripted import ScriptedServer, http_response

ROUNDS = 5
JSON = "application/json"


def item(size: Size) -> bytes:
    return stored(size, delayed=False)


def body(method: str, size: Size = Size.SMALL) -> bytes:
    return Load(method, size, 1).body


def got(size: Size) -> bytes:
    return b'{"Item":%b}' % item(size)


def changed(size: Size) -> bytes:
    return b'{"Attributes":%b}' % item(size)


SMALL, MEDIUM, LARGE = (f"/items/104/{size}" for size in Size)

BUDGETS = {
    "GET of 0.3 KB": (("GET", SMALL, b"", got(Size.SMALL)), 450),
    "GET of 4 KB": (("GET", MEDIUM, b"", got(Size.MEDIUM)), 990),
    "GET of 100 KB": (("GET", LARGE, b"", got(Size.LARGE)), 11_900),
    "PUT of 0.3 KB": (("PUT", SMALL, body("PUT"), b"{}"), 690),
    "PUT of 4 KB": (("PUT", MEDIUM, body("PUT", Size.MEDIUM), b"{}"), 1_510),
    "PUT of 100 KB": (("PUT", LARGE, body("PUT", Size.LARGE), b"{}"), 23_500),
    "PATCH of 0.3 KB": (
        ("PATCH", SMALL, body("PATCH"), changed(Size.SMALL)),
        760,
    ),
    "a page of 100 items of 0.3 KB": (
        ("GET", page_path(Size.SMALL), b"", stored_page(Size.SMALL, PAGE_ITEMS + 1)),
        7_480,
    ),
    "a batch of 100 puts": (("POST", BATCH_PATH, body(BATCH_PUT), b"{}"), 42_200),
    "a batch of 100 reads": (
        ("POST", BATCH_GET_PATH, body(BATCH_GET), stored_batch(Size.SMALL)),
        21_200,
    ),
}


@pytest.fixture(scope="module")
def script():
    return []


@pytest.fixture(scope="module")
def app(script):
    """Return the service's application, whose DynamoDB responds by the script."""
    settings = Settings(operations=frozenset(Operation))
    with (
        ScriptedServer(lambda _: list(script)) as server,
        environment(**aws_variables(server.url)),
        pytest.MonkeyPatch.context() as patch,
    ):
        # The lines of requests as a deployment writes them, without colours and columns.
        patch.setattr("dynamodb_items.observability.logs._request_lines", io.BytesIO())
        yield create_app(settings, create_repository(settings))


def sent(app, method, target, body):
    """Return a function that sends the request to the application, as a server would."""
    path, _, query = target.partition("?")
    builder = EnvironBuilder(path, method=method, query_string=query, content_type=body and JSON)
    environ = builder.get_environ()
    environ["CONTENT_LENGTH"] = str(len(body))

    def send():
        statuses = []
        request = {**environ, "wsgi.input": io.BytesIO(body)}
        response = app(request, lambda status, *_: statuses.append(status))
        assert b"".join(response)
        if hasattr(response, "close"):
            response.close()
        return statuses[0]

    return send


def calls_during(request) -> int:
    """Return the number of functions that this thread calls, those in C too."""
    count = 0

    def profile(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        request()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("case", BUDGETS)
def test_a_request_needs_no_more_calls(app, script, case):
    (method, target, body, response), budget = BUDGETS[case]
    script[:] = [http_response(response, x_amz_crc32=str(zlib.crc32(response)))]
    send = sent(app, method, target, body)
    assert {send() for _ in range(3)} <= {"200 OK", "201 CREATED"}
    least = min(calls_during(send) for _ in range(ROUNDS))
    assert least <= budget
