"""Write the documents that follow from the code, or check that they are up to date."""

import json
import sys
from pathlib import Path
from typing import Any

import click
import yaml
from dynamodb_items.app import create_app, create_repository, openapi_document
from dynamodb_items.config.settings import Settings
from dynamodb_items.web.response.error_reference import error_reference

from openapi.compatibility import unannounced_breaks
from openapi.released import released_document

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "openapi/openapi.json"


class _Dumper(yaml.SafeDumper):
    """YAML without anchors, which some readers of OpenAPI do not follow."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def generated_files() -> dict[Path, str]:
    """Return the files that follow from the code, each with the text that it should have."""
    settings = Settings()
    document = openapi_document(create_app(settings, create_repository(settings)))
    return {
        DOCUMENT: json.dumps(document, indent=2, ensure_ascii=False) + "\n",
        ROOT / "openapi/openapi.yaml": yaml.dump(
            document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
        ),
        ROOT / "docs/errors.md": error_reference(),
    }


@click.group(
    epilog="""\b
Examples:
  python -m openapi write
  python -m openapi check"""
)
def main() -> None:
    """Generate the OpenAPI document and the error reference from the code."""


@main.command()
def write() -> None:
    """Write openapi/openapi.json, openapi/openapi.yaml and docs/errors.md."""
    for path, text in generated_files().items():
        path.write_text(text)
        click.echo(f"Wrote {path.relative_to(ROOT)}.")


@main.command()
def check() -> None:
    """Exit with 1 if a file is out of date, or if the document breaks clients of the last tag."""
    files = generated_files()
    stale = [
        path.relative_to(ROOT)
        for path, text in files.items()
        if not path.exists() or path.read_text() != text
    ]
    for path in stale:
        click.echo(f"{path} is out of date. Run: python -m openapi write", err=True)
    sys.exit(bool(stale or _breaks_clients(json.loads(files[DOCUMENT]))))


def _breaks_clients(document: dict[str, Any]) -> bool:
    """Compare with the released document, print each break and return whether there is one."""
    released = released_document(ROOT)
    if released is None:
        click.echo("No tag v* has an OpenAPI document: not checked for breaking changes.")
        return False
    breaks = unannounced_breaks(released.document, document)
    if breaks:
        click.echo(f"Clients generated from the document of {released.tag} would break:", err=True)
        for sentence in breaks:
            click.echo(f"  {sentence}", err=True)
        click.echo(
            "Undo these changes, or raise the version in service/dynamodb_items/__init__.py.",
            err=True,
        )
    return bool(breaks)


if __name__ == "__main__":
    main(prog_name="python -m openapi")
