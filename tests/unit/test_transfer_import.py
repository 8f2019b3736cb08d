"""Import against a fake of the service: order, outcomes, reports, and what a later run repeats."""

import gzip
import io
import json
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest
from dynamodb_items.transfer.errors import ExitStatus
from dynamodb_items.transfer.importing import command, ledger, window
from dynamodb_items.transfer.importing.command import ImportOptions, run_import
from dynamodb_items.transfer.importing.item_paths import parsed_key_attributes
from dynamodb_items.transfer.session import Client

from tests.unit.transfer_service import URL, problem

DIGITS = "12345678901234567890123456789012345678"


class Imports:
    """A file, and the imports of it."""

    def __init__(self, folder: Path, capsys):
        self.file = folder / "items.jsonl"
        self.state = folder / "items.jsonl.import-state"
        self.report = folder / "items.jsonl.rejected.jsonl"
        self.error = ""
        self._capsys = capsys

    def __call__(self, content=None, *, url=URL, retry_seconds=0.0, quiet=False, **options):
        """Import the content; return the exit status and the summary."""
        if content is not None:
            self.file.write_bytes(content if isinstance(content, bytes) else content.encode())
        chosen = {
            "file": str(self.file),
            "typed": False,
            "if_absent": False,
            "concurrency": 4,
            "key_attributes": None,
            "rejected": None,
            "max_rejected": 1000,
            "state": None,
            "restart": False,
        }
        client = Client(url, (), None, retry_seconds, quiet, as_json=True)
        status = run_import(ImportOptions(**{**chosen, **options}), client)
        output, self.error = self._capsys.readouterr()
        summary = json.loads(output)
        assert summary["exit_status"] == status
        return status, summary

    @property
    def rejected(self):
        return [json.loads(line) for line in self.report.read_text().splitlines()]


pytestmark = pytest.mark.usefixtures("service")


@pytest.fixture
def imports(tmp_path, capsys):
    return Imports(tmp_path, capsys)


def lines(count, start=0):
    return "".join(f'{{"Id":{number},"Name":"a"}}\n' for number in range(start, start + count))


def test_each_line_is_sent_as_it_is(service, imports):
    exact = f'{{"Id": 1.0, "Name": "a/b", "N": {DIGITS}, "n": 0.10, "s": "é"}}'
    status, summary = imports(f'{exact}\r\n\n  {{"Id":2,"Name":".."}}')
    assert status == ExitStatus.COMPLETE
    assert service.items == {
        "/items/1/a%2Fb": exact.encode(),
        "/items/2/%2E%2E": b'{"Id":2,"Name":".."}',
    }
    put = next(each for each in service.requests if each.method == "PUT")
    assert put.headers["Content-Type"] == "application/json"
    assert put.headers["Prefer"] == "return=minimal"
    assert "If-None-Match" not in put.headers
    assert summary == {
        "command": "import",
        "lines": 3,
        "imported": 2,
        "existing": 0,
        "rejected": 0,
        "rejected_file": None,
        "resumed_after_line": 0,
        "message": f"Imported {imports.file}: 3 lines, 2 imported, 0 rejected.",
        "seconds": summary["seconds"],
        "exit_status": 0,
    }
    assert not imports.state.exists()
    assert not imports.report.exists()


def test_a_typed_file(service, imports):
    line = '{"Id":{"N":"1"},"Name":{"S":"a"},"Tags":{"SS":["x"]}}'
    assert imports(line, typed=True)[0] == ExitStatus.COMPLETE
    assert service.items == {"/items/1/a": line.encode()}
    assert service.requests[-1].headers["Content-Type"] == "application/vnd.dynamodb+json"


def test_a_compressed_file(service, imports):
    imports.file = imports.file.with_name("items.jsonl.gz")
    assert imports(gzip.compress(lines(100).encode()))[0] == ExitStatus.COMPLETE
    assert len(service.items) == 100


def test_standard_input(service, imports, monkeypatch):
    imports.file.write_text(lines(3))
    monkeypatch.setattr(io, "FileIO", lambda _, **__: imports.file.open("rb", buffering=0))
    assert imports(file="-")[0] == ExitStatus.COMPLETE
    assert len(service.items) == 3


def test_only_absent_items_are_created(service, imports):
    service.items["/items/1/a"] = b"before"
    status, summary = imports(lines(3), if_absent=True)
    assert (status, summary["imported"], summary["existing"]) == (ExitStatus.COMPLETE, 2, 1)
    assert service.items["/items/1/a"] == b"before"


def test_the_lines_of_a_key_are_sent_in_their_order(service, imports):
    service.intercept = lambda _: time.sleep(0.0005)  # the other threads arrive meanwhile
    repeated = [
        f'{{"Id":{spelling},"Name":"a","v":{number}}}'
        for number in range(50)
        for spelling in ("1", "1.0", f"{number + 2}")
    ]
    assert imports("\n".join(repeated), concurrency=8)[0] == ExitStatus.COMPLETE
    sent = [each.read().decode() for each in service.requests if each.url.path == "/items/1/a"]
    assert sent == [line for line in repeated if line.startswith(('{"Id":1,', '{"Id":1.0,'))]


def test_rejected_lines_are_reported_in_order(service, imports):
    def reject(request):
        if request.url.path == "/items/2/a":
            return problem(422, "Invalid item", errors="")
        if request.url.path == "/items/3/a":
            return httpx.Response(413, text="<html>too large</html>")
        return None

    service.intercept = reject
    long = '{"Id":9,"Name":"' + "x" * 1024 * 1024 + '"}'
    status, summary = imports(lines(2) + "{\n" + lines(3, 2) + long + '\n{"Id":"1","Name":"a"}\n')
    assert status == ExitStatus.LINES_REJECTED
    assert (summary["imported"], summary["rejected"]) == (3, 5)
    assert summary["rejected_file"] == str(imports.report)
    assert "line 3: The line is not JSON" in summary["message"]
    assert [(each["line"], each["status"]) for each in imports.rejected] == [
        (3, None),
        (4, 422),
        (5, 413),
        (7, None),
        (8, None),
    ]
    assert imports.rejected[1]["problem"] == {
        "title": "Invalid item",
        "status": 422,
        "detail": "Why.",
    }
    assert imports.rejected[2]["problem"]["detail"] == "<html>too large</html>"
    assert imports.rejected[3]["problem"]["detail"] == "The line takes over 1,048,576 bytes."


def test_a_report_of_an_earlier_import_is_replaced(imports):
    assert imports("{\n")[0] == ExitStatus.LINES_REJECTED
    assert imports(lines(1))[0] == ExitStatus.COMPLETE
    assert not imports.report.exists()


def test_too_many_rejected_lines_stop_the_import(service, imports):
    status, summary = imports("{\n" * 10 + lines(10), max_rejected=4)
    assert status == ExitStatus.LINES_REJECTED
    assert summary["rejected"] == len(imports.rejected) == 5
    assert "--max-rejected" in summary["message"]
    assert service.items == {}
    status, summary = imports(max_rejected=100)
    assert (status, summary["resumed_after_line"]) == (ExitStatus.LINES_REJECTED, 5)
    assert [each["line"] for each in imports.rejected] == list(range(1, 11))
    assert len(service.items) == 10


def failing_at(path, response):
    return lambda request: response if request.url.path == path else None


@pytest.mark.parametrize(
    ("response", "status", "words"),
    [
        (problem(503, "Table busy"), ExitStatus.UNAVAILABLE, "503 Table busy"),
        (problem(504, "Outcome unknown"), ExitStatus.UNAVAILABLE, "504 Outcome unknown"),
        (problem(401, "Missing credential"), ExitStatus.NOT_ACCEPTED, "DYNAMODB_ITEMS_TOKEN"),
        (problem(404, "Path not found"), ExitStatus.NOT_ACCEPTED, "PUT of line 39. Check --url"),
        (problem(405, "Method not allowed"), ExitStatus.NOT_ACCEPTED, "405 Method not allowed"),
        (problem(428, "Precondition required"), ExitStatus.NOT_ACCEPTED, "add --if-absent"),
        (httpx.Response(302), ExitStatus.NOT_ACCEPTED, "302 Found"),
    ],
)
def test_an_import_that_stopped_is_resumed(service, imports, response, status, words):
    service.intercept = failing_at("/items/20/a", response)
    content = "{\n" + lines(4) + "}\n" + lines(100, 4).replace("\n", "\n\n")
    stopped, summary = imports(content, concurrency=1)
    assert stopped == status
    assert words in summary["message"]
    assert f"resume it; {imports.state} records where" in summary["message"]
    assert summary["lines"] == 38, "the blank line before it is done"
    assert set(service.items) == {f"/items/{number}/a" for number in range(20)}

    service.intercept = lambda _: None
    service.requests.clear()
    resumed, summary = imports()
    assert resumed == ExitStatus.LINES_REJECTED
    assert (summary["imported"], summary["rejected"]) == (104, 2)
    assert summary["resumed_after_line"] == 38
    assert [each["line"] for each in imports.rejected] == [1, 6]
    assert len(service.items) == 104
    assert set(service.puts) == {f"/items/{number}/a" for number in range(20, 104)}
    assert not imports.state.exists()


def test_what_several_threads_left_is_sent_by_the_next_run(service, imports):
    """A thread that is late when another one fails does not send its line."""
    service.intercept = failing_at("/items/20/a", problem(503, "Table busy"))
    done = imports(lines(100))[1]["lines"]
    assert done <= 20
    assert {f"/items/{number}/a" for number in range(done)} <= set(service.items)

    service.intercept = lambda _: None
    service.requests.clear()
    assert imports()[0] == ExitStatus.COMPLETE
    assert set(service.puts) == {f"/items/{number}/a" for number in range(done, 100)}
    assert len(service.items) == 100


def test_a_defect_rejects_one_line(service, imports, monkeypatch):
    monkeypatch.setattr(threading.Event, "wait", lambda *_: False)
    service.intercept = failing_at("/items/2/a", problem(500, "Internal error"))
    status, summary = imports(lines(5), retry_seconds=60, concurrency=1)
    assert (status, summary["imported"]) == (ExitStatus.LINES_REJECTED, 4)
    assert [(each["line"], each["status"]) for each in imports.rejected] == [(3, 500)]
    assert service.puts.count("/items/2/a") == 3


def test_lines_after_a_slow_one_complete_and_their_number_is_bounded(service, imports, monkeypatch):
    monkeypatch.setattr(window, "_MAX_UNCOMMITTED", 50)
    service.intercept = failing_at("/items/0/a", problem(503, "Table busy", Retry_After="1"))
    status, summary = imports(lines(500), retry_seconds=1.3)
    assert (status, summary["lines"]) == (ExitStatus.UNAVAILABLE, 0)
    assert len(service.items) == 49


def test_a_report_longer_than_the_state_is_cut(service, imports):
    """A kill after a line of the report and before the state that counts it."""
    service.intercept = failing_at("/items/9/a", problem(503, "Table busy"))
    imports("{\n" + lines(20))
    with imports.report.open("a") as report:
        report.write('{"line": 7, "sta')
    service.intercept = lambda _: None
    imports()
    assert [each["line"] for each in imports.rejected] == [1]


@pytest.mark.parametrize(
    ("different", "name"),
    [
        ({"typed": True}, "--typed"),
        ({"if_absent": True}, "--if-absent"),
        ({"url": "http://127.0.0.1:8001"}, "--url"),
        ({"key_attributes": parsed_key_attributes("Id:N")}, "key attributes"),
    ],
)
def test_a_state_of_another_import_is_rejected(service, imports, different, name):
    service.intercept = failing_at("/items/2/a", problem(503, "Table busy"))
    imports(lines(5))
    service.intercept = lambda _: None
    status, summary = imports(**different)
    assert status == ExitStatus.USAGE
    assert f"a different {name}." in summary["message"]
    assert imports(restart=True)[1]["resumed_after_line"] == 0


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"transfer": 1}', "\0"])
def test_a_file_that_is_not_a_state_is_rejected(imports, text):
    imports.state.write_text(text)
    status, summary = imports(lines(1))
    assert status == ExitStatus.USAGE
    assert "is not a state file" in summary["message"]
    assert imports.state.read_text() == text


def test_a_file_that_changed_is_rejected(service, imports):
    service.intercept = failing_at("/items/2/a", problem(503, "Table busy"))
    imports(lines(5), concurrency=1)
    service.intercept = lambda _: None
    status, summary = imports("{}\n" + lines(5))
    assert status == ExitStatus.USAGE
    assert "has changed: its first 2 lines differ" in summary["message"]
    assert imports.state.exists()


def test_a_damaged_file_stops_after_its_good_lines(service, imports):
    imports.file = imports.file.with_name("items.jsonl.gz")
    status, summary = imports(gzip.compress(lines(10).encode()) + b"not gzip")
    assert (status, summary["lines"]) == (ExitStatus.FILE_FAILED, 10)
    assert "not a complete gzip file, after line 10" in summary["message"]
    assert len(service.items) == 10


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_loses_no_line(imports, tmp_path, monkeypatch):
    """The report cannot be written, so no rejected line may count as done."""
    monkeypatch.setattr(ledger, "_SAVE_SECONDS", 0.0)
    full = tmp_path / "report"
    full.symlink_to("/dev/full")
    state = tmp_path / "state"
    status, summary = imports(lines(3) + "{\n" * 3 + lines(3, 3), rejected=full, state=state)
    assert status == ExitStatus.FILE_FAILED
    assert "No space left on device" in summary["message"]
    assert json.loads(state.read_text())["progress"]["position"]["lines"] == 3


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="a device of Unix")
def test_a_report_can_be_discarded(imports):
    status, summary = imports("{\n" + lines(3), rejected=Path("/dev/null"))
    assert (status, summary["rejected"]) == (ExitStatus.LINES_REJECTED, 1)
    assert Path("/dev/null").is_char_device()


def test_key_attributes_can_be_given(service, imports):
    service.lists = ()
    service.key_attributes = ()
    keys = parsed_key_attributes("K:S")
    assert imports('{"K":"x","Id":1}', key_attributes=keys)[0] == ExitStatus.COMPLETE
    assert list(service.items) == ["/items/x"]


def test_a_file_that_does_not_exist(imports):
    status, summary = imports(file="absent.jsonl")
    assert status == ExitStatus.FILE_FAILED
    assert summary["message"] == "Cannot read absent.jsonl: No such file or directory."


def test_a_signal_before_the_first_response(service, imports):
    def signalled(_):
        signal.raise_signal(signal.SIGINT)
        return problem(503, "Instance not ready")

    service.intercept = signalled
    status, summary = imports(lines(3), retry_seconds=10.0)
    assert status == 128 + signal.SIGINT
    assert summary["message"] == "Stopped before the first response."
    assert service.puts == []


def test_no_progress_with_quiet(imports):
    imports(lines(3), quiet=True)
    assert imports.error == ""


def test_the_progress_has_the_share_of_the_file(monkeypatch, capsys):
    shown = command.progress("Import", total=200, unit="B", quiet=False)
    shown.show(50, "1 imported")
    assert capsys.readouterr().err == "", "not before some seconds have passed"
    monkeypatch.setattr(shown, "_next", 0.0)
    shown.show(50, "1 imported")
    shown.show(60, "2 imported")
    assert capsys.readouterr().err == "Import: 1 imported (25 %)\n"
