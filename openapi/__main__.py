"""Write the documents that follow from the code, or check that they are fresh."""

import json
import sys
from pathlib import Path
from typing import Any

import click
import yaml
from dynamodb_items.app import create_app, create_repository, openapi_document
from dynamodb_items.config.settings import Settings
from dynamodb_items.web.response.error_reference import error_reference

from openapi.badges import badges
from openapi.compatibility import allows_breaking_changes, breaking_changes

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "openapi/openapi.json"
RELEASED = ROOT / "openapi/released.json"


class _Dumper(yaml.SafeDumper):
    """YAML without anchors, which some readers of OpenAPI do not follow."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def generated_files() -> dict[Path, str]:
    """The files that follow from the code, with the text that they should have."""
    settings = Settings()
    document = openapi_document(create_app(settings, create_repository(settings)))
    return {
        DOCUMENT: json.dumps(document, indent=2, ensure_ascii=False) + "\n",
        ROOT / "openapi/openapi.yaml": yaml.dump(
            document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
        ),
        ROOT / "docs/errors.md": error_reference(),
        **badges(ROOT, document),
    }


def unannounced_breaks(document: str) -> list[str]:
    """What a document breaks for clients of the released one, unless its version says so."""
    old, new = json.loads(RELEASED.read_text()), json.loads(document)
    if allows_breaking_changes(old["info"]["version"], new["info"]["version"]):
        return []
    return breaking_changes(old, new)


@click.group(
    epilog="""\b
Examples:
  python -m openapi write
  python -m openapi check
  python -m openapi release"""
)
def main() -> None:
    """The OpenAPI document, the error reference and the badges, generated from the code."""


@main.command()
def write() -> None:
    """Write openapi/openapi.json and .yaml, docs/errors.md and docs/images/badges."""
    for path, text in generated_files().items():
        path.write_text(text)
        click.echo(f"wrote {path.relative_to(ROOT)}")


@main.command()
def check() -> None:
    """Exit with 1 where a file is not what the code would write, or a client would break."""
    files = generated_files()
    stale = [
        path.relative_to(ROOT)
        for path, text in files.items()
        if not path.exists() or path.read_text() != text
    ]
    for path in stale:
        click.echo(f"{path} is stale; python -m openapi write mends it", err=True)
    breaks = unannounced_breaks(files[DOCUMENT])
    _say_breaks(breaks)
    sys.exit(bool(stale or breaks))


@main.command()
def release() -> None:
    """Make today's document the one that later ones are compared with.

    Exit with 1 where it breaks clients of the last release and its version does not say so.
    """
    document = generated_files()[DOCUMENT]
    breaks = unannounced_breaks(document) if RELEASED.exists() else []
    if breaks:
        _say_breaks(breaks)
        sys.exit(1)
    RELEASED.write_text(document)
    click.echo(f"wrote {RELEASED.relative_to(ROOT)}")


def _say_breaks(breaks: list[str]) -> None:
    if breaks:
        click.echo("Clients generated from openapi/released.json would break:", err=True)
        for sentence in breaks:
            click.echo(f"  {sentence}", err=True)
        click.echo(
            "Keep what they rely on, or raise the version in service/dynamodb_items/__init__.py.",
            err=True,
        )


if __name__ == "__main__":
    main(prog_name="python -m openapi")
