"""The options of import and export."""

import io
import json
import sys

import pytest
from click.testing import CliRunner
from dynamodb_items.__main__ import main
from dynamodb_items.transfer import progress
from dynamodb_items.transfer.progress import Progress, ProgressBar

from tests.unit.transfer_service import URL


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "items.jsonl"
    file.write_text('{"Id":1,"Name":"a"}\n{"Id":2,"Name":"b"}\n')
    return str(file)


def run(*arguments, **environment):
    environment = {"DYNAMODB_ITEMS_TOKEN": None, "DYNAMODB_ITEMS_API_KEY": None, **environment}
    return CliRunner().invoke(main, arguments, env=environment)


def test_import_and_export(service, file):
    imported = run("import", file, "--url", URL)
    assert (imported.exit_code, imported.stdout) == (0, "")
    assert imported.stderr == f"Imported {file}: 2 lines, 2 imported, 0 rejected.\n"
    exported = run("export", "--url", URL)
    assert (exported.exit_code, exported.stderr) == (0, "Exported 2 items to -.\n")
    assert exported.stdout == '{"Id":1,"Name":"a"}\n{"Id":2,"Name":"b"}\n'
    assert len(service.items) == 2


def test_the_result_as_json(service, file):
    imported = run("import", file, "--url", URL, "--json")
    assert json.loads(imported.stdout)["imported"] == 2
    exported = run("export", file + ".copy", "--url", URL, "--json")
    assert json.loads(exported.stdout)["items"] == 2
    to_output = run("export", "--url", URL, "--json")
    assert json.loads(to_output.stderr)["items"] == 2
    assert len(to_output.stdout.splitlines()) == 2
    assert sorted(service.puts) == ["/items/1/a", "/items/2/b"]


def test_quiet_prints_nothing_on_success_and_errors_always(service, file):
    assert run("import", file, "--url", URL, "--quiet").output == ""
    service.lists = ()
    assert "does not have the list" in run("export", "--url", URL, "--quiet").stderr


def test_the_url_of_the_environment(service, file):
    assert run("import", file, DYNAMODB_ITEMS_URL=URL + "/").exit_code == 0
    assert service.requests[0].url == f"{URL}/openapi.json"


def test_credentials_come_from_the_environment(service, file):
    run("import", file, "--url", URL, DYNAMODB_ITEMS_TOKEN="t", DYNAMODB_ITEMS_API_KEY="k")
    for request in service.requests:
        assert request.headers["Authorization"] == "Bearer t"
        assert request.headers["X-API-Key"] == "k"


def test_headers_of_options_and_files(service, file, tmp_path):
    headers = tmp_path / "headers"
    headers.write_text("X-API-Key:  secret \n\nX-Request-Source: nightly import\n")
    imported = run("import", file, "--url", URL, "--header", f"@{headers}", "--header", "X-B: 1:2")
    assert imported.exit_code == 0
    sent = service.requests[-1].headers
    assert sent["X-API-Key"] == "secret"
    assert sent["X-Request-Source"] == "nightly import"
    assert sent["X-B"] == "1:2"


def test_a_credential_without_tls_is_reported(service, file):
    url = "http://items.example.com"
    assert "without TLS" in run("import", file, "--url", url, DYNAMODB_ITEMS_TOKEN="t").stderr
    assert "without TLS" not in run("import", file, "--url", url).stderr
    assert "without TLS" not in run("import", file, "--url", URL, DYNAMODB_ITEMS_TOKEN="t").stderr
    assert len(service.items) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("import", "--url", URL), "Missing argument 'FILE'"),
        (("import", "-"), "Missing option '--url'"),
        (("import", "-", "--url", "items"), "must be an http or https URL"),
        (("import", "-", "--url", "https://a:b@x"), "must have no credential"),
        (("import", "-", "--url", URL, "--concurrency", "0"), "1<=x<=64"),
        (("import", "-", "--url", URL, "--concurrency", "65"), "1<=x<=64"),
        (("import", "-", "--url", URL, "--header", "X"), "must be `Name: value`"),
        (("import", "-", "--url", URL, "--header", "X: a\nY: b"), "must be `Name: value`"),
        (("import", "-", "--url", URL, "--header", "@absent"), "No such file or directory"),
        (("import", "-", "--url", URL, "--partition-key", "Id"), "its type, N, S, B"),
        (("import", "-", "--url", URL, "--sort-key", "A:S"), "requires --partition-key"),
        (("export", "--url", URL, "--index", "by-email"), "--index and --value belong together"),
        (("export", "--url", URL, "--value", "a"), "--index and --value belong together"),
        (("export", "--url", URL, "--partition", "1", "--segments", "2"), "Choose one of"),
        (("export", "--url", URL, "--partition", ""), "must not be empty"),
        (("export", "--url", URL, "--index", "by-email", "--value", ""), "must not be empty"),
        (("export", "--url", URL, "--index", "", "--value", "a"), "must not be empty"),
        (("export", "--url", URL, "--page-items", "1001"), "1<=x<=1000"),
        (("export", "--url", URL, "--state", "s"), "--state requires FILE"),
        (("export", "-", "--url", URL, "--state", "s"), "--state requires FILE"),
        (("export", "--url", URL, "--retry-seconds", "-1"), "0<=x<=86400"),
    ],
)
def test_invalid_options(arguments, words):
    ran = run(*arguments)
    assert ran.exit_code == 2
    assert words in " ".join(ran.stderr.split())


@pytest.mark.parametrize("command", ["import", "export"])
def test_the_help_has_examples_and_exit_statuses(command):
    text = run(command, "--help").stdout
    assert f"  dynamodb-items {command} " in text
    assert "\n    0  complete\n" in text
    assert "\n    130, 143  stopped by SIGINT, SIGTERM\n" in text


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_has_a_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    bar = progress.progress("Import", total=2000, unit="B", quiet=False)
    assert isinstance(bar, ProgressBar)
    bar.show(1000, "5 imported")
    bar.close()
    assert "Import" in terminal.getvalue()
    assert type(progress.progress("Import", total=1, unit="B", quiet=True)) is Progress
