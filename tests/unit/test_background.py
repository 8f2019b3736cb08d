"""What goes on in the background goes on: no exception ends a thread, an observer or a line."""

import json
import threading

import structlog
from botocore.credentials import Credentials
from dynamodb_items.access import watched_file
from dynamodb_items.access.jwks import RemoteJwksSource
from dynamodb_items.access.watched_file import WatchedFile
from dynamodb_items.credentials.background import BackgroundCredentials
from dynamodb_items.observability import logs
from dynamodb_items.observability.events import Observer, Observers, RequestRecord
from dynamodb_items.runtime import background


def test_a_step_that_raises_is_logged_and_called_again(monkeypatch):
    monkeypatch.setattr(background, "STEP_RETRY_SECONDS", 0.0)
    calls, called_again = [], threading.Event()

    def step():
        calls.append(1)
        if len(calls) < 3:
            raise RuntimeError("a defect")
        called_again.set()
        threading.Event().wait()  # a step that returned would be called until the last test

    with structlog.testing.capture_logs() as lines:
        background.run_in_background("test", step)
        assert called_again.wait(10)
    assert [line["event"] for line in lines] == ["background step failed"] * 2
    assert {line["thread"] for line in lines} == {"test"}


class Broken(Observer):
    def credentials_found(self):
        raise OSError("no space left on device")

    def request_ended(self, _record):
        raise OSError("no space left on device")


def test_credentials_are_in_use_although_reporting_them_fails():
    credentials = BackgroundCredentials(lambda: Credentials("key", "secret"), Broken())
    credentials.start(10)
    assert credentials.current().access_key == "key"


def test_an_observer_that_raises_costs_neither_the_request_nor_the_other_observers():
    ended = []

    class Counting(Observer):
        def request_ended(self, record):
            ended.append(record)

    observers = Observers([Broken(), Counting()])
    record = RequestRecord("id", "GET")
    with structlog.testing.capture_logs() as lines:
        observers.request_ended(record)
        observers.request_ended(record)
    assert ended == [record, record]
    assert [(line["event"], line["observer"]) for line in lines] == [("observer failed", "Broken")]


def test_a_key_set_that_breaks_its_parser_leaves_the_known_keys(monkeypatch):
    def broken(_content):
        raise RecursionError

    fetched = [b'{"keys":[]}', b'{"keys":[{}]}']
    source = RemoteJwksSource(lambda: fetched.pop(0), 0.0)
    known = source.current()
    monkeypatch.setattr("dynamodb_items.access.jwks.parse_jwks", broken)
    assert source.current() is known
    assert fetched == []


def test_a_file_that_breaks_its_parser_leaves_the_content(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("1")
    monkeypatch.setattr(watched_file, "CHECK_INTERVAL_SECONDS", 0.0)

    def parse(content):
        if content == b"1":
            return 1
        raise RecursionError

    file = WatchedFile(path, parse)
    path.write_text("22")
    assert file.current() == 1


def test_a_file_that_kubernetes_replaces_by_a_symbolic_link_is_read_again(tmp_path, monkeypatch):
    """https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically"""
    monkeypatch.setattr(watched_file, "CHECK_INTERVAL_SECONDS", 0.0)
    for version in ("..1", "..2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "file").write_text(version)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "file").symlink_to("..data/file")
    file = WatchedFile(tmp_path / "file", bytes.decode)
    assert file.current() == "..1"
    (tmp_path / "..new").symlink_to("..2")
    (tmp_path / "..new").rename(tmp_path / "..data")
    assert file.current() == "..2"


class Hostile:
    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


def test_every_line_can_be_rendered():
    line = json.loads(logs.rendered({"caller": "\ud800", "count": 2**70, "error": Hostile()}))
    assert line == {"caller": "\ud800", "count": 2**70, "error": "<Hostile>"}
