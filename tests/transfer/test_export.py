"""``dynamodb-items export`` against the service under gunicorn, on real engines."""

import gzip
import json
import shlex
import signal
import subprocess
import sys
from decimal import Decimal

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.local.sample_table import create_empty_table

from tests.http.test_keys import NAMES
from tests.serving import gunicorn
from tests.transfer.commands import command, killed_after_progress, progress_of, run
from tests.wire import delay

TABLE = "exported-items"
SETTINGS = {
    "ITEMS_TABLE": TABLE,
    "ITEMS_OPERATIONS": "GetItem,PutItem,UpdateItem,DeleteItem,Query,Scan",
    "ITEMS_INDEXES": "by-status=Status:S",
    "ITEMS_READ_TIMEOUT_SECONDS": "10",
    "ITEMS_DEADLINE_SECONDS": "30",
}
DIGITS = "12345678901234567890123456789012345678"
MEBIBYTE = 1024 * 1024
COUNT = 1000
INTERRUPTED = 128 + signal.SIGINT


def item_of(number):
    """Return one of the table's items; every type of DynamoDB is in it."""
    name = f"{number} {list(NAMES.values())[number % len(NAMES)]}"
    return {
        "Id": {"N": str(number % 5)},
        "Name": {"S": name.encode()[:1024].decode(errors="ignore")},
        "Status": {"S": f"a/b {number % 10}"},
        "n": {"N": DIGITS},
        "sets": {"M": {"N": {"NS": ["1", "2.5"]}, "B": {"BS": [b"\x00\xff"]}}},
        "list": {"L": [{"NULL": True}, {"BOOL": True}, {"S": "x" * 100}]},
    }


@pytest.fixture(scope="module")
def table(engine):
    """A table with an index and a thousand items, written by a plain boto3 client."""
    dynamodb = engine.dynamodb
    create_empty_table(dynamodb, Settings.from_environment(SETTINGS))
    items = [item_of(number) for number in range(COUNT)]
    for start in range(0, COUNT, 25):
        puts = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        assert not dynamodb.batch_write_item(RequestItems={TABLE: puts})["UnprocessedItems"]
    return {item["Name"]["S"]: item for item in items}


@pytest.fixture(scope="module")
def lists(engine, table):
    """Run the service with lists on that table."""
    assert len(table) == COUNT
    with gunicorn(engine.wire.url, "-w", "1", **SETTINGS) as server:
        yield server


def exported(path):
    """Return the lines of a file as exact JSON values."""
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    return [
        json.loads(line, parse_int=Decimal, parse_float=Decimal) for line in content.splitlines()
    ]


def as_typed_json(item):
    return json.loads(json.dumps(item, default=lambda _: "AP8="))


def items_of(state):
    """Return how many items a state file records as written."""
    progress = progress_of(state)
    return 0 if progress is None else progress["items"]


def names_of(items):
    return sorted(item["Name"] for item in items)


@pytest.mark.parametrize("segments", [1, 4])
def test_a_backup_has_every_item_with_every_type(lists, table, tmp_path, segments):
    path = tmp_path / "backup.jsonl.gz"
    options = ("--typed", "--segments", segments, "--page-items", 150, "--json")
    ended = run(tmp_path, "export", path, "--url", lists.url, *options)
    assert (ended.status, ended.summary["items"]) == (0, COUNT), ended.error
    items = exported(path)
    assert len(items) == COUNT
    assert {item["Name"]["S"]: item for item in items} == {
        name: as_typed_json(item) for name, item in table.items()
    }
    assert [each.name for each in tmp_path.glob("backup*")] == [path.name]


def test_plain_lines_have_exact_numbers(lists, table, tmp_path):
    path = tmp_path / "items.jsonl"
    assert run(tmp_path, "export", path, "--url", lists.url).status == 0
    items = exported(path)
    assert names_of(items) == sorted(table)
    assert {item["n"] for item in items} == {Decimal(DIGITS)}
    assert f'"n":{DIGITS}'.encode() in path.read_bytes()


def test_a_partition_in_the_order_of_its_sort_keys(lists, table, tmp_path):
    options = ("--partition", "3", "--page-items", "17", "--fields", "Status", "--consistent-read")
    ended = run(tmp_path, "export", "--url", lists.url, *options)
    names = [json.loads(line)["Name"] for line in ended.output.splitlines()]
    expected = [name for name, item in table.items() if item["Id"] == {"N": "3"}]
    assert names == sorted(expected, key=str.encode)
    assert json.loads(ended.output.splitlines()[0]).keys() == {"Id", "Name", "Status"}


def test_an_index(lists, table, tmp_path):
    options = ("--index", "by-status", "--value", "a/b 7", "--page-items", "17")
    ended = run(tmp_path, "export", "--url", lists.url, *options)
    names = [json.loads(line)["Name"] for line in ended.output.splitlines()]
    assert sorted(names) == sorted(
        name for name, item in table.items() if item["Status"] == {"S": "a/b 7"}
    )


@pytest.mark.parametrize("name", ["items.jsonl", "items.jsonl.gz"])
def test_an_export_killed_three_times_has_every_item_once(engine, lists, table, tmp_path, name):
    path, state = tmp_path / name, tmp_path / f"{name}.export-state"
    arguments = ("export", path, "--url", lists.url, "--segments", "2", "--page-items", "4")
    with engine.wire.fault(delay(0.05), operation="Scan"):
        for _ in range(3):
            done = killed_after_progress(tmp_path, lambda: items_of(state), *arguments)
            assert not path.exists()
    ended = run(tmp_path, *arguments, "--json")
    assert (ended.status, ended.summary["items"]) == (0, COUNT), ended.error
    assert ended.summary["resumed_after_items"] == done
    assert names_of(exported(path)) == sorted(table)
    assert not state.exists()


def test_sigint_stops_and_says_how_to_resume(engine, lists, table, tmp_path):
    path, state = tmp_path / "items.jsonl", tmp_path / "items.jsonl.export-state"
    arguments = ("export", path, "--url", lists.url, "--page-items", "10", "--json")
    with (
        engine.wire.fault(delay(0.05), operation="Scan"),
        command(tmp_path, *arguments) as exporting,
    ):
        exporting.wait_until(state.exists)
        ended = exporting.stop(signal.SIGINT)
    assert ended.status == ended.summary["exit_status"] == INTERRUPTED
    done = ended.summary["items"]
    assert ended.summary["message"] == (
        f"Stopped after {done:,} items. Run the same command again to resume it; {state} records "
        "where."
    )
    ended = run(tmp_path, *arguments)
    assert (ended.status, ended.summary["resumed_after_items"]) == (0, done)
    assert names_of(exported(path)) == sorted(table)


def test_an_export_is_imported_unchanged(lists, table, engine, tmp_path):
    """A partition is exported, deleted, and imported again: DynamoDB has what it had."""
    dynamodb, path = engine.dynamodb, tmp_path / "backup.jsonl"
    options = ("--typed", "--partition", "2")
    assert run(tmp_path, "export", path, "--url", lists.url, *options).status == 0
    expected = {name: item for name, item in table.items() if item["Id"] == {"N": "2"}}
    for item in expected.values():
        key = {name: item[name] for name in ("Id", "Name")}
        dynamodb.delete_item(TableName=TABLE, Key=key)
    ended = run(tmp_path, "import", path, "--typed", "--url", lists.url)
    assert ended.status == 0, ended.error
    read = {}
    for name, item in expected.items():
        key = {"Id": item["Id"], "Name": item["Name"]}
        read[name] = dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
        assert read[name].pop("_version")
    assert read == expected


def test_a_reader_that_goes_away(lists, tmp_path):
    arguments = ("-m", "dynamodb_items", "export", "--url", lists.url, "--page-items", "10")
    shell = f"set -o pipefail; {shlex.join([sys.executable, *arguments])} | head -n 1"
    ended = subprocess.run(
        ["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 5
    assert json.loads(ended.stdout)["Name"]
    assert ended.stderr.splitlines()[0] == "Cannot write standard output: Broken pipe."
    assert "Traceback" not in ended.stderr


def test_lists_that_are_off(server, tmp_path):
    ended = run(tmp_path, "export", "--url", server.url)
    assert ended.status == 4
    assert "does not have the list GET /items." in ended.error
    assert ended.output == ""
    ended = run(tmp_path, "export", "--url", server.url, "--partition", "1")
    assert "does not have the list GET /items/{id}." in ended.error


def test_memory_does_not_grow_with_the_number_of_pages(lists, tmp_path):
    def peak(*options):
        return run(tmp_path, "export", "all", "--url", lists.url, *options).peak_bytes

    assert abs(peak("--page-items", "10") - peak("--page-items", "10", "--partition", "1")) < (
        6 * MEBIBYTE
    )
