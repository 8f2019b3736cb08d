"""The commands ``dynamodb-items schema``: check items against a schema, or make a first schema."""

import gzip
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import click

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import FieldError, ItemsError
from dynamodb_items.domain.items import Attributes
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.write_tokens import VersionAttribute
from dynamodb_items.formats.plain_json import attributes_from_plain
from dynamodb_items.formats.schema_rules import SchemaRules
from dynamodb_items.formats.strict_json import parse_json
from dynamodb_items.formats.typed_json import attributes_from_typed

# Exit statuses; 2 is click's own for an invalid command line.
DOES_NOT_MATCH = 1
UNUSABLE_ITEMS = 3
MAX_CHECKED_LINE_BYTES = 4 * 1024 * 1024

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TYPED = click.option(
    "--typed", is_flag=True, help="The items are in DynamoDB's typed form. Default: plain JSON."
)
_STATUSES = """\b
Exit status:
  0  {success}
  1  {failure}
  2  invalid command line
  3  a file cannot be read, or the schema is invalid"""


@click.group()
def schema() -> None:
    """Check items against an item schema, or make a first schema of sample items."""


@schema.command(
    epilog="""\b
Examples:
  dynamodb-items schema check items.jsonl --schema customer.json
  ITEMS_SCHEMA=customer.json dynamodb-items schema check items.jsonl.gz --typed

"""
    + _STATUSES.format(
        success="every item matches the schema", failure="some items do not match, or are not JSON"
    )
)
@click.argument("file", metavar="ITEMS.jsonl", type=_FILE)
@click.option(
    "--schema",
    "schema_file",
    required=True,
    envvar="ITEMS_SCHEMA",
    type=_FILE,
    help="The file with the JSON Schema. Default: ITEMS_SCHEMA.",
)
@_TYPED
def check(file: Path, schema_file: Path, typed: bool) -> None:
    """Report which items of ITEMS.jsonl break the schema.

    ITEMS.jsonl has one item per line, and is compressed with gzip if its name ends in .gz. Standard
    output gets one line for each violation: file, line number, JSON Pointer, sentence.
    """
    from dynamodb_items.item_schema.reading import SchemaErrors, read_schema  # noqa: PLC0415

    try:
        compiled = read_schema(str(schema_file))
    except SchemaErrors as error:
        _give_up("\n".join(f"{schema_file}: {sentence}." for sentence in error.args))
    rules = SchemaRules(compiled, ItemKey({}), (), "", is_plain=not typed)
    items = invalid = 0
    for number, line in _lines(file):
        items += 1
        errors = _errors(rules, line, _reader(typed))
        invalid += bool(errors)
        for each in errors:
            click.echo(f"{file}:{number}: {each.pointer or 'the item'}: {each.detail}")
    click.echo(f"{invalid:,} of {items:,} items do not match the schema.", err=True)
    sys.exit(DOES_NOT_MATCH if invalid else 0)


@schema.command(
    epilog="""\b
Examples:
  dynamodb-items schema init items.jsonl > customer.json
  dynamodb-items schema init items.jsonl.gz --typed > customer.json

"""
    + _STATUSES.format(success="the schema was written", failure="a line is not a valid item")
)
@click.argument("file", metavar="ITEMS.jsonl", type=_FILE)
@_TYPED
def init(file: Path, typed: bool) -> None:
    """Write to standard output a first schema that all items of ITEMS.jsonl match.

    Attributes that all items have are required. Review it before use: it knows only these items.
    With --typed, sets and binary are declared.
    """
    from dynamodb_items.item_schema.samples import Samples  # noqa: PLC0415

    samples = Samples()
    read = _reader(typed)
    for number, line in _lines(file):
        try:
            samples.add({"M": read(parse_json(line))})
        except ItemsError as error:
            click.echo(f"{file}:{number}: {error.detail}", err=True)
            sys.exit(DOES_NOT_MATCH)
    if not samples.count:
        _give_up(f"{file} has no items.")
    click.echo(json.dumps(samples.schema(), indent=2, ensure_ascii=False))


def _reader(typed: bool) -> Callable[[Any], Attributes]:
    if not typed:
        return attributes_from_plain
    version = os.environ.get("ITEMS_VERSION_ATTRIBUTE", Settings().version_attribute)
    own = VersionAttribute(version).names

    def read(value: Any) -> Attributes:
        # An export in this form has the service's own attributes, which a PUT ignores.
        typed = attributes_from_typed(value)
        return {name: typed[name] for name in typed if name not in own}

    return read


def _errors(
    rules: SchemaRules, line: bytes, read: Callable[[Any], Attributes]
) -> tuple[FieldError, ...]:
    try:
        rules.put(read(parse_json(line)))
    except ItemsError as error:
        return error.errors or (FieldError("", error.detail),)
    return ()


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not empty, each with its number; a terminal gets a progress bar."""
    try:
        with file.open("rb") as raw:
            content = gzip.GzipFile(fileobj=raw) if file.suffix == ".gz" else raw
            size = file.stat().st_size
            hidden = not sys.stderr.isatty()
            bar = click.progressbar(length=size, label=file.name, file=sys.stderr, hidden=hidden)
            with bar:
                number = 0
                while line := content.readline(MAX_CHECKED_LINE_BYTES):
                    number += 1
                    if line.strip():
                        yield number, line
                    bar.update(raw.tell() - bar.pos)
    except (OSError, EOFError) as error:
        _give_up(f"{file} cannot be read: {error}.")


def _give_up(line: str) -> NoReturn:
    click.echo(line, err=True)
    sys.exit(UNUSABLE_ITEMS)
