"""``dynamodb-items import`` against the service under gunicorn, on real engines."""

import errno
import gzip
import json
import os
import signal
import subprocess
import uuid

import pytest
import trustme
from dynamodb_items.config.settings import Settings
from dynamodb_items.config.values import partition_key
from dynamodb_items.local import launcher

from tests.engines import client_for
from tests.http.test_keys import NAMES
from tests.serving import gunicorn
from tests.transfer.commands import command, killed_after_progress, progress_of, run
from tests.wire import delay, lose_response, reject

TABLE = "my-dynamodb-table"
DIGITS = "12345678901234567890123456789012345678"
MEBIBYTE = 1024 * 1024
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


@pytest.fixture
def partition() -> str:
    """Return a partition key that no other test uses."""
    return str(uuid.uuid4().int % 10**30)


def stored(dynamodb, partition):
    """Return the items of a partition by their sort key, from a plain boto3 client."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=TABLE,
        KeyConditionExpression="Id = :id",
        ExpressionAttributeValues={":id": {"N": partition}},
        ConsistentRead=True,
    )
    items = [item for page in pages for item in page["Items"]]
    for item in items:
        item.pop("_version", None)
    return {item["Name"]["S"]: item for item in items}


def write_lines(path, partition, count, *, start=0):
    with path.open("w") as file:
        for number in range(start, start + count):
            file.write(
                f'{{"Id":{partition},"Name":"{number}","n":{DIGITS},"text":"{"x" * 200}"}}\n'
            )


def lines_of(state):
    """Return how many lines a state file records as done."""
    progress = progress_of(state)
    return 0 if progress is None else progress["position"]["lines"]


def test_every_kind_of_key(server, dynamodb, tmp_path, partition):
    path = tmp_path / "items.jsonl"
    with path.open("w") as file:
        for name in NAMES.values():
            item = {"Id": int(partition), "Name": name, "by": "import"}
            file.write(json.dumps(item) + "\n")
    ended = run(tmp_path, "import", path, "--url", server.url, "--json")
    assert ended.status == 0, ended.error
    assert ended.summary["imported"] == len(NAMES)
    assert stored(dynamodb, partition).keys() == {*NAMES.values()}


def test_the_typed_form_keeps_every_type(server, dynamodb, tmp_path, partition):
    item = {
        "Id": {"N": partition},
        "Name": {"S": "typed"},
        "set": {"NS": ["1", DIGITS]},
        "binary": {"B": "AAE="},
        "map": {"M": {"list": {"L": [{"NULL": True}, {"BOOL": False}]}}},
    }
    path = tmp_path / "items.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(item).encode()))
    assert run(tmp_path, "import", path, "--typed", "--url", server.url).status == 0
    read = stored(dynamodb, partition)["typed"]
    assert sorted(read["set"]["NS"]) == ["1", DIGITS]
    assert read["binary"] == {"B": b"\x00\x01"}
    assert read["map"] == item["map"]


def test_an_import_killed_three_times_loses_nothing(engine, server, dynamodb, tmp_path, partition):
    path, state = tmp_path / "items.jsonl", tmp_path / "items.jsonl.import-state"
    write_lines(path, partition, 500)
    with path.open("a") as file:
        file.write('{"Id": 1}\n')
    arguments = ("import", path, "--url", server.url, "--json", "--concurrency", "2")
    with engine.wire.fault(delay(0.02), operation="PutItem"):
        for _ in range(3):
            done = killed_after_progress(tmp_path, lambda: lines_of(state), *arguments)
            read = stored(dynamodb, partition)
            assert {*map(str, range(done))} <= read.keys(), "what is recorded is stored"
    ended = run(tmp_path, *arguments)
    assert (ended.status, ended.summary["imported"]) == (1, 500), ended.error
    assert ended.summary["resumed_after_line"] == done
    (rejected,) = (tmp_path / "items.jsonl.rejected.jsonl").read_text().splitlines()
    assert json.loads(rejected)["line"] == 501
    assert not state.exists()
    read = stored(dynamodb, partition)
    assert read.keys() == {*map(str, range(500))}
    assert {item["n"]["N"] for item in read.values()} == {DIGITS}


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)]
)
def test_a_signal_stops_after_the_requests_in_progress(
    engine, server, dynamodb, tmp_path, partition, number, status
):
    path, state = tmp_path / "items.jsonl", tmp_path / "items.jsonl.import-state"
    write_lines(path, partition, 300)
    arguments = ("import", path, "--url", server.url, "--json", "--concurrency", "2")
    with engine.wire.fault(delay(0.02)), command(tmp_path, *arguments) as importing:
        importing.wait_until(state.exists)
        ended = importing.stop(number)
    assert ended.status == ended.summary["exit_status"] == status
    assert "Traceback" not in ended.error
    lines = ended.summary["lines"]
    assert ended.summary["message"] == (
        f"Stopped after line {lines:,}: {lines:,} imported, 0 rejected. "
        f"Run the same command again to resume it; {state} records where."
    )
    assert lines_of(state) == lines
    assert len(stored(dynamodb, partition)) == lines, "no line after it was sent"
    ended = run(tmp_path, *arguments)
    assert (ended.status, ended.summary["resumed_after_line"]) == (0, lines)
    assert len(stored(dynamodb, partition)) == 300


def test_a_busy_table_and_lost_responses(engine, server, dynamodb, tmp_path, partition):
    path = tmp_path / "items.jsonl"
    write_lines(path, partition, 60)
    wire = engine.wire
    throttled = wire.fault(
        reject("ProvisionedThroughputExceededException"), operation="PutItem", every=2, calls=40
    )
    with throttled, wire.fault(lose_response, operation="PutItem", every=3):
        ended = run(tmp_path, "import", path, "--url", server.url, "--json")
    assert (ended.status, ended.summary["imported"]) == (0, 60), ended.error
    assert stored(dynamodb, partition).keys() == {*map(str, range(60))}


def test_standard_input_is_read_as_it_arrives(server, dynamodb, tmp_path, partition):
    state = tmp_path / "state"
    arguments = ("import", "-", "--url", server.url, "--json", "--state", state)
    line = f'{{"Id":{partition},"Name":"%d"}}\n'
    with command(tmp_path, *arguments, stdin=subprocess.PIPE) as importing:
        importing.process.stdin.write((line % 1 + line % 2).encode())
        importing.process.stdin.write(b'{"Id": 1, "cut o')
        importing.process.stdin.flush()
        importing.wait_until(lambda: len(stored(dynamodb, partition)) == 2)
        ended = importing.stop(signal.SIGINT)
        assert (ended.status, ended.summary["lines"]) == (INTERRUPTED, 2)
    with command(tmp_path, *arguments, stdin=subprocess.PIPE) as importing:
        importing.process.stdin.write("".join(line % number for number in (1, 2, 3)).encode())
        importing.process.stdin.close()
        ended = importing.wait()
    assert (ended.status, ended.summary["resumed_after_line"], ended.summary["imported"]) == (
        *(0, 2, 3),
    )
    assert stored(dynamodb, partition).keys() == {"1", "2", "3"}


def test_only_absent_items(server, dynamodb, tmp_path, partition):
    dynamodb.put_item(
        TableName=TABLE, Item={"Id": {"N": partition}, "Name": {"S": "1"}, "by": {"S": "boto3"}}
    )
    path = tmp_path / "items.jsonl"
    write_lines(path, partition, 3)
    ended = run(tmp_path, "import", path, "--url", server.url, "--json", "--if-absent")
    assert (ended.status, ended.summary["imported"], ended.summary["existing"]) == (0, 2, 1)
    assert stored(dynamodb, partition)["1"]["by"] == {"S": "boto3"}


def test_lines_that_the_service_rejects(server, dynamodb, tmp_path, partition):
    path = tmp_path / "items.jsonl"
    start = f'{{"Id":{partition},"Name":'
    bad = {
        2: (start + '"a","n":1e999}', 422),
        3: (start + '"b","n":NaN}', 400),
        4: (start + '"c","x":1,"x":2}', 400),
        5: (start + f'"d","x":"{"x" * 420_000}"}}', 413),
        6: (start + f'"e","x":"{"x" * MEBIBYTE}"}}', None),
    }
    texts = [start + '"first"}', *(text for text, _ in bad.values()), start + '"last"}']
    path.write_text("\n".join(texts))
    ended = run(tmp_path, "import", path, "--url", server.url, "--json")
    assert (ended.status, ended.summary["imported"]) == (1, 2)
    report = [json.loads(line) for line in (tmp_path / "items.jsonl.rejected.jsonl").open()]
    assert {each["line"]: each["status"] for each in report} == {
        number: status for number, (_, status) in bad.items()
    }
    assert report[0]["problem"]["errors"][0]["pointer"] == "/n"
    assert stored(dynamodb, partition).keys() == {"first", "last"}


def test_memory_does_not_grow_with_the_file(endpoint, tmp_path):
    """Lines that the service rejects itself, so that the engine does not slow the test down."""

    def peak(server, count):
        path = tmp_path / f"{count}.jsonl"
        with path.open("w") as file:
            for number in range(count):
                file.write(f'{{"Id":1,"Name":"{number}","":"{"x" * 2000}"}}\n')
        options = ("--max-rejected", count, "--json", "--quiet")
        ended = run(tmp_path, "import", path, "--url", server.url, *options)
        assert (ended.status, ended.summary["rejected"]) == (1, count)
        return ended.peak_bytes

    with gunicorn(endpoint, "-w", "1") as server:
        assert abs(peak(server, 6000) - peak(server, 500)) < 4 * MEBIBYTE


def test_a_service_that_is_not_there(tmp_path):
    path = tmp_path / "items.jsonl"
    path.write_text('{"Id":1,"Name":"a"}\n')
    ended = run(tmp_path, "import", path, "--url", "http://127.0.0.1:9", "--retry-seconds", "0.5")
    assert ended.status == 3
    assert ended.error.startswith("The service is unavailable.")
    assert os.strerror(errno.ECONNREFUSED) in ended.error


def test_api_keys(endpoint, tmp_path, partition):
    keys = tmp_path / "keys.toml"
    created = run(
        *(tmp_path, "keys", "new", "import", "--scope", "items:write", "--file", keys, "--json")
    )
    path = tmp_path / "items.jsonl"
    write_lines(path, partition, 2)
    variables = {"ITEMS_AUTH": "api-key", "ITEMS_API_KEYS_FILE": str(keys)}
    with gunicorn(endpoint, "-w", "1", **variables) as guarded:
        arguments = (tmp_path, "import", path, "--url", guarded.url)
        ended = run(*arguments)
        assert ended.status == 4
        assert "Set DYNAMODB_ITEMS_TOKEN or DYNAMODB_ITEMS_API_KEY" in ended.error
        ended = run(*arguments, DYNAMODB_ITEMS_API_KEY=created.summary["key"])
        assert ended.status == 0, ended.error
    assert len(stored(client_for(endpoint), partition)) == 2


def test_full_access_restores_read_only_and_write_only_attributes(endpoint, tmp_path, partition):
    schema, path = tmp_path / "schema.json", tmp_path / "items.jsonl"
    attributes = '{"created": {"type": "string", "readOnly": true}, "pin": {"writeOnly": true}}'
    schema.write_text(f'{{"properties": {attributes}}}')
    path.write_text(f'{{"Id": {partition}, "Name": "a", "created": "2026", "pin": "1234"}}\n')
    variables = {"ITEMS_SCHEMA": str(schema)}
    with gunicorn(endpoint, "-w", "1", **variables) as server:
        ended = run(tmp_path, "import", path, "--url", server.url)
    assert ended.status == 1
    assert '"Is read-only."' in (tmp_path / "items.jsonl.rejected.jsonl").read_text()
    variables["ITEMS_SCHEMA_FULL_ACCESS"] = "true"
    with gunicorn(endpoint, "-w", "1", **variables) as server:
        ended = run(tmp_path, "import", path, "--url", server.url, "--restart")
    assert ended.status == 0, ended.error
    restored = stored(client_for(endpoint), partition)["a"]
    assert (restored["created"], restored["pin"]) == ({"S": "2026"}, {"S": "1234"})


def test_tls(endpoint, tmp_path, partition, monkeypatch):
    authority = trustme.CA()
    chain, authorities = tmp_path / "server.pem", tmp_path / "ca.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(chain)
    authority.cert_pem.write_to_path(authorities)
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))  # not passed on to the command
    path = tmp_path / "items.jsonl"
    write_lines(path, partition, 2)
    with gunicorn(endpoint, "-w", "1", "--certfile", str(chain)) as server:
        arguments = (tmp_path, "import", path, "--url", server.url)
        ended = run(*arguments)
        assert ended.status == 4
        assert "certificate is not trusted" in ended.error
        assert "--ca-file" in ended.error
        assert run(*arguments, "--ca-file", authorities).status == 0
    assert len(stored(client_for(endpoint), partition)) == 2


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ((), ['{"Digest":"+/+/","n":1}', '{"Digest":"AAAA","n":2}']),
        (
            ("--typed",),
            [
                '{"Digest":{"B":"+/+/"},"n":{"N":"1"}}',
                '{"Digest":{"B":"AAAA"},"n":{"N":"2"}}',
            ],
        ),
    ],
)
def test_a_table_with_a_binary_key_and_no_sort_key(endpoint, tmp_path, options, lines):
    table = f"digests-{uuid.uuid4().hex}"
    settings = Settings(table=table, partition_key=partition_key("Digest:B"), sort_key=None)
    dynamodb = client_for(endpoint)
    launcher.create_table(dynamodb, settings)
    path = tmp_path / "items.jsonl"
    path.write_text("\n".join(lines))
    variables = {"ITEMS_TABLE": table, "ITEMS_PARTITION_KEY": "Digest:B", "ITEMS_SORT_KEY": ""}
    with gunicorn(endpoint, "-w", "1", SCRIPT_NAME="/digests", **variables) as server:
        ended = run(tmp_path, "import", path, *options, "--url", server.url)
        assert ended.status == 0, ended.error
    items = dynamodb.scan(TableName=table, FilterExpression="attribute_exists(n)")["Items"]
    assert {item["Digest"]["B"]: item["n"]["N"] for item in items} == {
        b"\xfb\xff\xbf": "1",
        b"\x00\x00\x00": "2",
    }
