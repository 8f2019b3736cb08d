"""Requests on the fast path get the same responses as on Flask's standard path."""

import gc
import io
import sys

import pytest
from dynamodb_items.app import create_app, create_repository, flask_class
from dynamodb_items.config.settings import Settings
from dynamodb_items.web import lean_flask
from dynamodb_items.web.items_flask import ItemsFlask
from dynamodb_items.web.lean_flask import LeanFlask
from dynamodb_items.web.middleware.context import context_of
from flask.signals import request_started
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.conftest import environment

HOLDS_NO_TABLE = {"ITEMS_AUTH": "none", "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}


class StubClient:
    """A DynamoDB client that finds an item for every key."""

    def call(self, _operation, parameters, _deadline):
        return {"Item": {**parameters["Key"], "Age": {"N": "41"}}}

    def renew_credentials(self, _timeout_seconds):
        raise AssertionError("the credentials are valid")


def made_app() -> ItemsFlask:
    with environment(**HOLDS_NO_TABLE):
        settings = Settings.from_environment(HOLDS_NO_TABLE)
        repository = create_repository(settings)
    repository._attempts._client = StubClient()  # noqa: SLF001 - no test here needs DynamoDB
    return create_app(settings, repository)


@pytest.fixture(scope="module")
def app() -> LeanFlask:
    application = made_app()
    assert isinstance(application, LeanFlask)
    return application


@pytest.fixture(scope="module")
def standard_app() -> ItemsFlask:
    """The application where Flask's internals are not as expected."""
    with pytest.MonkeyPatch.context() as patch, capture_logs() as logs:
        patch.setattr(lean_flask, "_INTERNALS", [(LeanFlask.wsgi_app, "self ctx")])
        application = made_app()
    assert not isinstance(application, LeanFlask)
    assert [line["event"] for line in logs] == ["flask fast path off"]
    assert "LeanFlask.wsgi_app has the parameters self environ" in logs[0]["error"]
    return application


def respond(application, path, method="GET"):
    started = {}
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
        started.update(status=status, headers=sorted(headers))

    body = b"".join(application(environ, start))
    route = context_of(environ).route
    return started["status"], started["headers"], body if method != "HEAD" else b"", route


paths = st.from_regex(r"/items?/[0-9a-z.]{0,6}(/[!-~]{0,9})?", fullmatch=True) | st.sampled_from(
    ["/items/104/Andrew", "/items/1e400/x", "/items/%31/x", "/items/1/a%2Fb", "/items/1/a#b", "/"]
)


@hypothesis_settings(max_examples=300, deadline=None)
@given(paths, st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "TRACE"]))
def test_all_paths_respond_alike(app, standard_app, path, method):
    fast = respond(app, path, method)
    app.__dict__["_has_other_hooks"] = True
    try:
        assert respond(app, path, method) == fast
    finally:
        app.__dict__["_has_other_hooks"] = False
    assert respond(standard_app, path, method) == fast


@pytest.mark.parametrize("path", ["*", "/items/1/x", "/live"])
def test_options_are_the_same_on_the_standard_path(app, standard_app, path):
    assert respond(app, path, "OPTIONS") == respond(standard_app, path, "OPTIONS")


def test_a_rejected_request_gets_the_same_response_on_the_standard_path(app, standard_app):
    responses = [respond_with_large_headers(application) for application in (app, standard_app)]
    assert responses[0] == responses[1]
    assert responses[0][0] == 431


def respond_with_large_headers(application):
    response = application.test_client().get("/items/1/x", headers={"X-Large": "a" * 40_000})
    return response.status_code, sorted(response.headers.keys()), response.json["type"]


def test_without_the_internals_of_flask_the_class_is_the_standard_one(monkeypatch):
    monkeypatch.setitem(sys.modules, "dynamodb_items.web.lean_flask", None)  # the import fails
    assert flask_class() is ItemsFlask


def test_a_receiver_of_flasks_signals_is_never_left_out():
    def receive(_sender):
        pass

    with environment(**HOLDS_NO_TABLE):
        settings = Settings.from_environment(HOLDS_NO_TABLE)
        application = create_app(settings, create_repository(settings))
    with request_started.connected_to(receive, application):
        assert application._has_other_hooks  # noqa: SLF001


def test_a_request_leaves_nothing_to_the_garbage_collector(app):
    assert respond(app, "/items/104/Andrew")[0] == "200 OK"
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            respond(app, "/items/104/Andrew")
        assert gc.collect() == 0
    finally:
        gc.enable()
