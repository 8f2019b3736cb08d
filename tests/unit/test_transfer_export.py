"""Export against a fake of the service: pages, exact lines, and how a later run continues."""

import errno
import gzip
import json
import os
import sys
from pathlib import Path

import httpx
import pytest
from dynamodb_items.transfer.errors import ExitStatus, TransferStopped
from dynamodb_items.transfer.exporting import segments as segments_module
from dynamodb_items.transfer.exporting.command import ExportOptions, run_export
from dynamodb_items.transfer.exporting.output import PartFile
from dynamodb_items.transfer.exporting.source import source_of
from dynamodb_items.transfer.session import Client

from tests.unit.transfer_service import URL, problem

DIGITS = "12345678901234567890123456789012345678"


@pytest.fixture
def service(service, monkeypatch):
    for number in range(50):
        item = f'{{"Id":{number % 5},"Name":"{number}","n":{DIGITS},"f":1.10}}'
        service.items[f"/items/{number % 5}/{number}"] = item.encode()
    monkeypatch.setattr(segments_module, "_SAVE_SECONDS", 0.0)
    return service


class Exports:
    """A file, and the exports to it."""

    def __init__(self, folder: Path, capfdbinary):
        self.file = folder / "items.jsonl"
        self.error = ""
        self._capture = capfdbinary

    @property
    def part(self):
        return self.file.with_name(self.file.name + ".part")

    @property
    def state(self):
        return self.file.with_name(self.file.name + ".export-state")

    def __call__(
        self,
        *,
        partition=None,
        index=None,
        segments=1,
        typed=False,
        page_items=7,
        file=None,
        restart=False,
        **parameters,
    ):
        """Export, and return the exit status and the summary."""
        source = source_of(partition, index, parameters=parameters, segments=segments, typed=typed)
        options = ExportOptions(
            file or str(self.file), source, page_items, state=None, restart=restart
        )
        status = run_export(options, Client(URL, (), None, 0.0, quiet=True, as_json=True))
        self.output, error = self._capture.readouterr()
        self.error = error.decode()
        summary = json.loads(self.error if file == "-" else self.output)
        self.error += summary["message"]
        return status, summary

    @property
    def lines(self):
        content = self.file.read_bytes()
        content = gzip.decompress(content) if self.file.suffix == ".gz" else content
        assert content.endswith(b"\n")
        return sorted(content.splitlines())


pytestmark = pytest.mark.usefixtures("service")


@pytest.fixture
def exports(tmp_path, capfdbinary):
    return Exports(tmp_path, capfdbinary)


def everything(service):
    return sorted(service.items.values())


@pytest.mark.parametrize("name", ["items.jsonl", "items.jsonl.gz"])
@pytest.mark.parametrize("segments", [1, 4])
def test_every_item_is_a_line_as_it_was_sent(service, exports, segments, name):
    exports.file = exports.file.with_name(name)
    status, summary = exports(segments=segments)
    assert status == ExitStatus.COMPLETE
    assert exports.lines == everything(service)
    assert summary == {
        "command": "export",
        "items": 50,
        "file": str(exports.file),
        "resumed_after_items": 0,
        "message": f"Exported 50 items to {exports.file}.",
        "seconds": summary["seconds"],
        "exit_status": 0,
    }
    assert [path.name for path in exports.file.parent.iterdir()] == [name]


def test_the_requests_of_segments(service, exports):
    exports(segments=2, fields="Email", consistent_read="true")
    lists = [dict(each.url.params) for each in service.requests[1:]]
    assert all(
        each["segments"] == "2" and each["fields"] == "Email" and each["consistent_read"] == "true"
        for each in lists
    )
    assert {each["segment"] for each in lists} == {"0", "1"}
    assert [each for each in lists if "cursor" not in each] == [
        {"limit": "7", "segment": segment, "segments": "2"}
        | {"fields": "Email", "consistent_read": "true"}
        for segment in ("0", "1")
    ]


def test_a_partition(service, exports):
    assert exports(partition="3")[1]["items"] == 10
    assert [json.loads(line)["Id"] for line in exports.lines] == [3] * 10
    assert service.requests[-1].url.path == "/items/3"
    assert "segments" not in service.requests[-1].url.params


def test_an_index(service, exports):
    service.intercept = lambda request: (
        httpx.Response(200, json={"items": [], "next": None})
        if request.url.path.startswith("/indexes/")
        else None
    )
    assert exports(index=("by-email", "a/b@x"))[0] == ExitStatus.COMPLETE
    assert service.requests[-1].url.raw_path.startswith(b"/indexes/by-email/a%2Fb%40x?")


def test_the_typed_form_is_requested(service, exports):
    exports(typed=True)
    assert service.requests[-1].headers["Accept"] == "application/vnd.dynamodb+json"


def test_standard_output(service, exports):
    status, summary = exports(file="-")
    assert (status, summary["items"]) == (ExitStatus.COMPLETE, 50)
    assert sorted(exports.output.splitlines()) == everything(service)


def test_the_page_is_as_long_as_the_service_allows(service, exports):
    exports(page_items=None)
    assert service.requests[-1].url.params["limit"] == "1000"


@pytest.mark.parametrize("name", ["items.jsonl", "items.jsonl.gz"])
def test_nothing_to_export(service, exports, name):
    service.items.clear()
    exports.file = exports.file.with_name(name)
    assert exports()[0] == ExitStatus.COMPLETE
    content = exports.file.read_bytes()
    assert (gzip.decompress(content) if name.endswith(".gz") else content) == b""


def test_empty_pages_before_the_end(service, exports):
    pages = iter(
        [
            {"items": [], "next": "a"},
            {"items": [{"item": {"Id": 1}}], "next": "b"},
            {"items": [], "next": None},
        ]
    )
    service.intercept = lambda request: (
        httpx.Response(200, json=next(pages)) if request.url.path == "/items" else None
    )
    assert exports()[1]["items"] == 1
    assert exports.lines == [b'{"Id":1}']


def failing_after(service, pages, response):
    """Return the lists' pages and then the response."""

    def intercept(request):
        if "limit" not in request.url.params:
            return None
        requested = [each for each in service.requests if "limit" in each.url.params]
        return response if len(requested) > pages else None

    return intercept


@pytest.mark.parametrize(
    ("pages", "segments", "name"),
    [
        *((pages, 1, "items.jsonl") for pages in (0, 1, 2, 4)),
        *((pages, 3, "items.jsonl") for pages in (2, 4)),
        (2, 1, "items.jsonl.gz"),
        (4, 3, "items.jsonl.gz"),
    ],
)
def test_an_export_that_stopped_is_resumed(service, exports, pages, segments, name):
    exports.file = exports.file.with_name(name)
    service.intercept = failing_after(service, pages, problem(503, "Table busy"))
    status, summary = exports(segments=segments)
    assert status == ExitStatus.UNAVAILABLE
    assert f"resume it; {exports.state} records where" in summary["message"]
    assert not exports.file.exists()
    with exports.part.open("ab") as part:
        part.write(b'{"Id": 1, "cut o')  # written after the state, before a kill

    service.intercept = lambda _: None
    resumed, summary = exports(segments=segments)
    assert (resumed, summary["items"]) == (ExitStatus.COMPLETE, 50)
    if segments == 1:
        assert summary["resumed_after_items"] == 7 * pages
    else:  # the last page of a segment is shorter, and readers stop at different times
        assert summary["resumed_after_items"] <= 7 * pages
    assert exports.lines == everything(service)
    assert not exports.part.exists()
    assert not exports.state.exists()


def test_an_existing_file_stays_until_the_export_is_complete(service, exports):
    exports.file.write_text("before\n")
    service.intercept = failing_after(service, 2, problem(503, "Table busy"))
    exports()
    assert exports.file.read_text() == "before\n"
    service.intercept = lambda _: None
    exports()
    assert exports.lines == everything(service)


def test_a_part_without_a_state_is_written_again(service, exports):
    exports.part.write_text("left over")
    assert exports()[0] == ExitStatus.COMPLETE
    assert exports.lines == everything(service)


def test_a_state_without_a_part_is_not_used(service, exports):
    service.intercept = failing_after(service, 2, problem(503, "Table busy"))
    exports()
    exports.part.unlink()
    service.intercept = lambda _: None
    assert exports()[1]["resumed_after_items"] == 0
    assert exports.lines == everything(service)


def test_a_part_that_was_cut_is_not_continued(service, exports):
    service.intercept = failing_after(service, 2, problem(503, "Table busy"))
    exports()
    exports.part.write_bytes(exports.part.read_bytes()[:-1])
    service.intercept = lambda _: None
    assert exports()[0] == ExitStatus.USAGE
    assert "--restart" in exports.error
    assert exports(restart=True)[0] == ExitStatus.COMPLETE
    assert exports.lines == everything(service)


def test_a_state_of_another_export_is_rejected(service, exports):
    service.intercept = failing_after(service, 2, problem(503, "Table busy"))
    exports(segments=2)
    service.intercept = lambda _: None
    assert exports(segments=3, typed=True)[0] == ExitStatus.USAGE
    assert "a different --segments, --typed." in exports.error
    assert exports(partition="1")[0] == ExitStatus.USAGE
    assert "a different list, --segments." in exports.error
    assert exports(segments=2)[0] == ExitStatus.COMPLETE


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (problem(400, "Invalid cursor"), "add --restart"),
        (problem(403, "Permission denied"), "403 Permission denied"),
        (httpx.Response(200, text="<html>"), "200"),
        (httpx.Response(200, json={"items": [{}], "next": None}), "200"),
        (httpx.Response(200, json={"items": []}), "200"),
    ],
)
def test_a_list_that_is_not_returned(service, exports, response, words):
    service.intercept = failing_after(service, 2, response)
    status, summary = exports()
    assert status == ExitStatus.NOT_ACCEPTED
    assert words in summary["message"]
    assert summary["items"] == 14


def test_lists_that_are_off(service, exports):
    service.lists = ()
    assert exports()[0] == ExitStatus.NOT_ACCEPTED
    assert "does not have the list GET /items." in exports.error
    assert "Query or Scan in ITEMS_OPERATIONS" in exports.error
    assert not exports.part.exists()


def test_two_exports_to_one_file(exports):
    other = PartFile(exports.file)
    try:
        assert exports()[0] == ExitStatus.USAGE
        assert f"Another export is writing {exports.part}." in exports.error
    finally:
        other.close()


class FullDisk:
    """A file on a disk with little room, which takes the part of a write that fits."""

    def __init__(self, file, room):
        self._file = file
        self._room = room

    def write(self, content):
        self._file.write(content[: self._room])
        self._room -= len(content)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def __getattr__(self, name):
        return getattr(self._file, name)


@pytest.mark.parametrize(("name", "room"), [("items.jsonl", 1000), ("items.jsonl.gz", 300)])
@pytest.mark.parametrize("segments", [1, 3])
def test_an_export_continues_once_the_disk_has_room(
    service, exports, monkeypatch, name, room, segments
):
    exports.file = exports.file.with_name(name)
    opened = PartFile.__init__

    def open_on_full_disk(self, path):
        opened(self, path)
        self._file = FullDisk(self._file, room)

    with monkeypatch.context() as patched:
        patched.setattr(PartFile, "__init__", open_on_full_disk)
        status, summary = exports(segments=segments)
    assert status == ExitStatus.FILE_FAILED
    assert summary["message"].startswith(
        f"Cannot write {exports.part}: No space left on device.\nStopped after "
    )
    saved = json.loads(exports.state.read_text())["progress"]["items"]
    assert 0 < saved < 50
    assert exports(segments=segments)[1]["resumed_after_items"] == saved
    assert exports.lines == everything(service)


def test_a_file_that_cannot_be_written(exports):
    exports.file = exports.file.parent / "absent" / "items.jsonl"
    assert exports()[0] == ExitStatus.FILE_FAILED
    assert "No such file or directory" in exports.error


def test_members_of_a_compressed_file_are_complete_at_every_state(tmp_path):
    file = PartFile(tmp_path / "items.gz")
    file.write(b"a\n")
    assert file.size_after_sync() == file.size_after_sync()
    size = file.size_after_sync()
    file.write(b"b\n" * 600_000)
    file.write(b"c\n")
    file.close()
    again = PartFile(tmp_path / "items.gz")
    again.keep(size)
    again.write(b"d\n")
    again.complete()
    again.close()
    assert gzip.decompress((tmp_path / "items.gz").read_bytes()) == b"a\nd\n"


def test_a_closed_pipe_is_an_error_of_the_output(exports, monkeypatch):
    class Closed:
        def write(self, _):
            raise BrokenPipeError(32, "Broken pipe")

    class Out:
        buffer = Closed()

        def fileno(self):
            return 1

        def write(self, text):
            return len(text)

        def flush(self):
            pass

    monkeypatch.setattr(sys, "stdout", Out())
    monkeypatch.setattr("os.dup2", lambda *_: None)
    status, summary = exports(file="-")
    assert status == ExitStatus.FILE_FAILED
    assert summary["message"].startswith("Cannot write standard output: Broken pipe.")


def test_the_error_of_a_small_part(tmp_path):
    file = PartFile(tmp_path / "items")
    with pytest.raises(TransferStopped, match="smaller than its state file records"):
        file.keep(1)
    file.close()
