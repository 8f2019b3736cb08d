"""The OpenAPI document of the last release, read from a git repository."""

import json
import subprocess

import pytest

from openapi import __main__ as tool
from openapi.released import Released, released_document


def git(repository, *arguments):
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=repository, capture_output=True, check=True)


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init")
    (tmp_path / "openapi").mkdir()
    return tmp_path


def commit(repository, document, *tags):
    (repository / "openapi/openapi.json").write_text(json.dumps(document))
    git(repository, "add", ".")
    git(repository, "commit", "--message", "A change")
    for tag in tags:
        git(repository, "tag", tag)


def test_the_document_of_the_last_tag_is_returned(repository):
    commit(repository, {"release": 1}, "v0.1.0")
    commit(repository, {"release": 2}, "v0.2.0")
    commit(repository, {"release": 3}, "nightly")
    assert released_document(repository) == Released("v0.2.0", {"release": 2})


def test_without_a_release_none_exists(repository):
    commit(repository, {"release": 1}, "nightly")
    assert released_document(repository) is None


def test_outside_a_repository_none_exists(tmp_path):
    assert released_document(tmp_path) is None


def test_a_tag_without_the_document_has_none(repository):
    (repository / "README.md").write_text("A first version.")
    git(repository, "add", ".")
    git(repository, "commit", "--message", "A change")
    git(repository, "tag", "v0.0.1")
    assert released_document(repository) is None


def document(version, *paths):
    operation = {"operationId": "getLiveness", "responses": {}}
    return {"info": {"version": version}, "paths": {path: {"get": operation} for path in paths}}


@pytest.mark.parametrize(
    ("version", "breaks"), [("0.1.0", True), ("0.1.9", True), ("0.2.0", False), ("1.0.0", False)]
)
def test_the_check_compares_with_the_last_release(repository, monkeypatch, capsys, version, breaks):
    commit(repository, document("0.1.0", "/live"), "v0.1.0")
    monkeypatch.setattr(tool, "ROOT", repository)
    assert tool._breaks_clients(document(version)) is breaks  # noqa: SLF001 - the command's only rule
    printed = capsys.readouterr().err
    assert ("GET /live was removed" in printed) is breaks
    assert ("the document of v0.1.0" in printed) is breaks


def test_the_check_reports_that_no_release_exists(repository, monkeypatch, capsys):
    monkeypatch.setattr(tool, "ROOT", repository)
    assert tool._breaks_clients(document("0.1.0")) is False  # noqa: SLF001
    assert "not checked for breaking changes" in capsys.readouterr().out
