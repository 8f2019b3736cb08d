"""``dynamodb-items schema check`` and ``schema init``."""

import gzip
import json

import pytest
from click.testing import CliRunner
from dynamodb_items.__main__ import main
from dynamodb_items.item_schema.reading import item_schema

SCHEMA = {
    "required": ["email"],
    "properties": {
        "email": {"type": "string"},
        "age": {"type": "integer", "minimum": 0},
        "tags": {"x-dynamodb-type": "SS"},
    },
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ITEMS_SCHEMA", raising=False)
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    return tmp_path


def run(*arguments, **environment):
    return CliRunner(env=environment).invoke(main, ["schema", *arguments])


def check(*arguments):
    return run("check", *arguments, "--schema", "schema.json")


def write(path, *items) -> None:
    lines = [item if isinstance(item, str) else json.dumps(item) for item in items]
    text = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


@pytest.mark.parametrize("name", ["items.jsonl", "items.jsonl.gz"])
def test_every_violation_is_a_line_with_its_position(folder, name):
    write(
        folder / name,
        {"email": "a", "tags": ["x"]},
        {"age": -1},
        "",
        "{",
        [],
        {"email": "a", "tags": []},
        {"email": "a", "age": 12345678901234567890123456789012345678},
    )
    ran = check(name)
    assert ran.stdout.splitlines() == [
        f"{name}:2: /email: Is required.",
        f"{name}:2: /age: Must be at least 0.",
        f"{name}:4: the item: The body is not JSON: Expecting property name enclosed in double "
        "quotes at line 2, column 1.",
        f"{name}:5: the item: must be a JSON object",
        f"{name}:6: /tags: A set must not be empty; remove the attribute instead.",
    ]
    assert ran.stderr.splitlines()[-1] == "4 of 6 items do not match the schema."
    assert ran.exit_code == 1


def test_items_that_match_end_with_zero(folder):
    write(folder / "items.jsonl", {"email": "a"}, {"email": "b", "age": 1})
    ran = run("check", "items.jsonl", ITEMS_SCHEMA="schema.json")
    assert (ran.exit_code, ran.stdout) == (0, "")
    assert ran.stderr.splitlines()[-1] == "0 of 2 items do not match the schema."


def test_the_typed_form_has_to_have_the_declared_types(folder):
    write(
        folder / "items.jsonl",
        {"email": {"S": "a"}, "tags": {"SS": ["x"]}},
        {"email": {"S": "a"}, "tags": {"L": [{"S": "x"}]}},
    )
    ran = check("items.jsonl", "--typed")
    assert ran.stdout == "items.jsonl:2: /tags: Must have DynamoDB's type SS, not L.\n"


def test_a_schema_or_a_file_that_cannot_be_used_ends_with_three(folder):
    write(folder / "items.jsonl", {"email": "a"})
    (folder / "schema.json").write_text('{"tpye": "object", "minLength": "1"}')
    ran = check("items.jsonl")
    assert ran.exit_code == 3
    assert ran.stderr == "schema.json: /minLength: must be a whole number.\n"
    write(folder / "broken.jsonl.gz", {"email": "a"})
    content = (folder / "broken.jsonl.gz").read_bytes()
    (folder / "broken.jsonl.gz").write_bytes(content[:-10])
    (folder / "schema.json").write_text("{}")
    ran = check("broken.jsonl.gz")
    assert ran.exit_code == 3
    assert "broken.jsonl.gz cannot be read" in ran.stderr
    assert check("none.jsonl").exit_code == 2


def test_a_first_schema_is_matched_by_its_samples(folder):
    items = [
        {"email": "a@b.de", "age": 41, "born": "1985-01-02", "address": {"city": "Oslo"}},
        {"email": "c@d.de", "age": None, "scores": [1, 2.5], "address": {"city": "Bergen"}},
    ]
    write(folder / "items.jsonl", *items)
    ran = run("init", "items.jsonl")
    assert ran.exit_code == 0
    made = json.loads(ran.stdout)
    assert made == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": ["email", "age", "address"],
        "properties": {
            "email": {"type": "string", "format": "email"},
            "age": {"type": ["integer", "null"]},
            "born": {"type": "string", "format": "date"},
            "address": {
                "type": "object",
                "required": ["city"],
                "properties": {"city": {"type": "string"}},
            },
            "scores": {"type": "array", "items": {"type": "number"}},
        },
    }
    (folder / "schema.json").write_text(ran.stdout)
    assert check("items.jsonl").exit_code == 0


def test_typed_samples_declare_sets_and_binary(folder):
    write(
        folder / "items.jsonl",
        {"tags": {"SS": ["a"]}, "photo": {"B": "AP8="}, "codes": {"NS": ["1"]}, "x": {"L": []}},
    )
    ran = run("init", "items.jsonl", "--typed")
    made = json.loads(ran.stdout)
    assert made["properties"] == {
        "tags": {"type": "array", "x-dynamodb-type": "SS", "items": {"type": "string"}},
        "photo": {"type": "string", "x-dynamodb-type": "B"},
        "codes": {"type": "array", "x-dynamodb-type": "NS", "items": {"type": "integer"}},
        "x": {"type": "array"},
    }
    assert item_schema(made).types is not None


def test_a_file_without_a_valid_item_makes_no_schema(folder):
    write(folder / "items.jsonl")
    assert run("init", "items.jsonl").exit_code == 3
    write(folder / "items.jsonl", {"a": 1}, "{")
    ran = run("init", "items.jsonl")
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert ran.stderr.startswith("items.jsonl:2: The body is not JSON")
