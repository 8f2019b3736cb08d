"""Requests of items that are routed and answered by the short way are Flask's in all but time."""

import gc
import io

import pytest
from dynamodb_items.app import create_app, create_repository
from dynamodb_items.config.settings import Settings
from dynamodb_items.web.lean_flask import LeanFlask
from flask.signals import request_started
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.conftest import environment

HOLDS_NO_TABLE = {"ITEMS_AUTH": "none", "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}


class Answered:
    """Stands for DynamoDB: each item is there."""

    def call(self, _operation, parameters, _deadline):
        return {"Item": {**parameters["Key"], "Age": {"N": "41"}}}

    def renew_credentials(self, _timeout_seconds):
        raise AssertionError("the credentials are good")


@pytest.fixture(scope="module")
def app() -> LeanFlask:
    with environment(**HOLDS_NO_TABLE):
        settings = Settings.from_environment(HOLDS_NO_TABLE)
        repository = create_repository(settings)
    repository._attempts._client = Answered()  # noqa: SLF001 - what answers is not the matter here
    return create_app(settings, repository)


def answer(application, path, method="GET"):
    told = {}
    environ = {
        "REQUEST_METHOD": method,
        "RAW_URI": path,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "HTTP_X_REQUEST_ID": "the-same",
    }

    def start(status, headers):
        told.update(status=status, headers=sorted(headers))

    body = b"".join(application(environ, start))
    return told["status"], told["headers"], body if method != "HEAD" else b""


paths = st.from_regex(r"/items?/[0-9a-z.]{0,6}(/[!-~]{0,9})?", fullmatch=True) | st.sampled_from(
    ["/items/104/Andrew", "/items/1e400/x", "/items/%31/x", "/items/1/a%2Fb", "/items/1/a#b", "/"]
)


@hypothesis_settings(max_examples=300, deadline=None)
@given(paths, st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "TRACE"]))
def test_both_ways_answer_alike(app, path, method):
    short = answer(app, path, method)
    app.__dict__["_has_other_hooks"] = True
    try:
        assert answer(app, path, method) == short
    finally:
        app.__dict__["_has_other_hooks"] = False


def test_a_receiver_of_flasks_signals_is_never_left_out():
    def receive(_sender):
        pass

    with environment(**HOLDS_NO_TABLE):
        settings = Settings.from_environment(HOLDS_NO_TABLE)
        application = create_app(settings, create_repository(settings))
    with request_started.connected_to(receive, application):
        assert application._has_other_hooks  # noqa: SLF001


def test_a_request_leaves_nothing_to_the_garbage_collector(app):
    assert answer(app, "/items/104/Andrew")[0] == "200 OK"
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            answer(app, "/items/104/Andrew")
        assert gc.collect() == 0
    finally:
        gc.enable()
