"""The options of ``dynamodb-items import`` and ``export``."""

import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from dynamodb_items.config.values import MAX_PAGE_SIZE
from dynamodb_items.domain.keys import KeyAttribute
from dynamodb_items.transfer.client_options import client_options, resume_options
from dynamodb_items.transfer.exporting.command import EXPORT_STATE_SUFFIX, ExportOptions, run_export
from dynamodb_items.transfer.exporting.source import source_of
from dynamodb_items.transfer.file_names import STANDARD_STREAM
from dynamodb_items.transfer.importing.command import IMPORT_STATE_SUFFIX, ImportOptions, run_import
from dynamodb_items.transfer.importing.item_paths import parsed_key_attributes
from dynamodb_items.transfer.session import Client

MAX_CONNECTIONS = 64
_KEY_HELP = "The {} key of the table. Default: from the service."
_EXIT_STATUS = """
\b
Exit status:
  0  complete
{1}  2  invalid options, or the state file of another transfer
  3  the service was unavailable for longer than --retry-seconds
  4  the service does not accept the requests: credential, URL, operation
  5  a file cannot be read or written
  130, 143  stopped by SIGINT, SIGTERM
After 3, 4, 5 and a signal, the same command resumes the transfer."""


@click.command(
    name="import",
    epilog="""\b
Examples:
  dynamodb-items import items.jsonl --url https://items.example.com
  dynamodb-items import backup.jsonl.gz --typed --url http://127.0.0.1:8000
  zcat old.gz | dynamodb-items import - --if-absent --url http://127.0.0.1:8000
  DYNAMODB_ITEMS_TOKEN=$(cat token) dynamodb-items import items.jsonl \\
      --url https://items.example.com --concurrency 16 --json
"""
    + _EXIT_STATUS.replace("{1}", "  1  some lines are rejected; the report lists them\n"),
)
@click.argument("file")
@click.option("--typed", is_flag=True, help="The lines are in DynamoDB's typed form.")
@click.option(
    "--if-absent", is_flag=True, help="Only create items; leave those that exist unchanged."
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, MAX_CONNECTIONS),
    default=8,
    show_default=True,
    help="How many requests are in progress at a time.",
)
@click.option(
    "--rejected",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The report of rejected lines. Default: FILE.rejected.jsonl.",
)
@click.option(
    "--max-rejected",
    type=click.IntRange(0),
    default=1000,
    show_default=True,
    help="Stop when more lines are rejected.",
)
@click.option("--partition-key", metavar="NAME:TYPE", help=_KEY_HELP.format("partition"))
@click.option("--sort-key", metavar="NAME:TYPE", help=_KEY_HELP.format("sort"))
@resume_options(IMPORT_STATE_SUFFIX)
@client_options
def import_items(
    *,
    client: Client,
    partition_key: str | None,
    sort_key: str | None,
    **options: Any,
) -> NoReturn:
    """Write the lines of FILE to the table, each as an item.

    Each line is a JSON object and becomes a PUT. FILE is JSON Lines, compressed with gzip if its
    name ends in .gz; `-` is standard input. If the command is stopped or killed, the same command
    continues: no line is lost, and writing a line again changes nothing.
    """
    keys = _key_attributes(partition_key, sort_key)
    sys.exit(run_import(ImportOptions(key_attributes=keys, **options), client))


@click.command(
    name="export",
    epilog="""\b
Examples:
  dynamodb-items export backup.jsonl.gz --typed --segments 4 --url http://127.0.0.1:8000
  dynamodb-items export --partition 104 --url https://items.example.com | jq .Email
  dynamodb-items export raj.jsonl --index by-email --value raj@gmail.com \\
      --url https://items.example.com
"""
    + _EXIT_STATUS.replace("{1}", ""),
)
@click.argument("file", default=STANDARD_STREAM)
@click.option("--typed", is_flag=True, help="Write DynamoDB's typed form, which is lossless.")
@click.option("--partition", "partition_value", metavar="VALUE", help="Only this partition.")
@click.option("--index", "index_name", metavar="NAME", help="Only items in this index, at --value.")
@click.option("--value", "index_value", help="The value of the index's partition key.")
@click.option(
    "--segments",
    type=click.IntRange(1, MAX_CONNECTIONS),
    default=1,
    show_default=True,
    help="How many parallel requests read the table.",
)
@click.option("--fields", help="Only these attributes, such as Email,Address.City.")
@click.option("--consistent-read", is_flag=True, help="Read strongly consistently.")
@click.option(
    "--page-items",
    type=click.IntRange(1, MAX_PAGE_SIZE),
    help="How many items a request reads. Default: as many as the service allows.",
)
@resume_options(EXPORT_STATE_SUFFIX)
@client_options
def export_items(
    *,
    client: Client,
    partition_value: str | None,
    index_name: str | None,
    index_value: str | None,
    segments: int,
    typed: bool,
    fields: str | None,
    consistent_read: bool,
    **options: Any,
) -> NoReturn:
    """Write the items of the table to FILE, each as a line.

    Without --partition and --index all items are written, in no order. FILE is JSON Lines,
    compressed with gzip if its name ends in .gz; `-`, the default, is standard output. FILE appears
    when it is complete. If the command is stopped or killed, the same command continues.
    """
    if "" in (partition_value, index_name, index_value):  # such as an unset variable of a shell
        raise click.UsageError("--partition, --index and --value must not be empty.")
    if (index_name is None) is not (index_value is None):
        raise click.UsageError("--index and --value belong together.")
    if sum(each is not None for each in (partition_value, index_name)) + (segments > 1) > 1:
        raise click.UsageError("Choose one of --partition, --index and --segments.")
    if options["file"] == STANDARD_STREAM and options["state"]:
        raise click.UsageError(
            "--state requires FILE: an export to standard output cannot be resumed."
        )
    source = source_of(
        partition_value,
        None if index_name is None or index_value is None else (index_name, index_value),
        parameters={
            **({"fields": fields} if fields else {}),
            **({"consistent_read": "true"} if consistent_read else {}),
        },
        segments=segments,
        typed=typed,
    )
    sys.exit(run_export(ExportOptions(source=source, **options), client))


def _key_attributes(partition: str | None, sort: str | None) -> list[KeyAttribute] | None:
    if partition is None:
        if sort is not None:
            raise click.UsageError("--sort-key requires --partition-key.")
        return None
    try:
        return parsed_key_attributes(partition, sort or "")
    except ValueError as error:
        raise click.UsageError(f"A key {error}.") from None
