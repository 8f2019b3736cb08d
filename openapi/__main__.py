"""Write the documents that follow from the code, or check that they are fresh."""

import json
import sys
from pathlib import Path
from typing import Any

import click
import yaml

from service.app import create_app, create_repository, openapi_document
from service.settings import Settings
from service.web import problems

ROOT = Path(__file__).parent.parent


class _Dumper(yaml.SafeDumper):
    """YAML without anchors, which some readers of OpenAPI do not follow."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def generated_files() -> dict[Path, str]:
    """The files that follow from the code, with the text that they should have."""
    settings = Settings()
    document = openapi_document(create_app(settings, create_repository(settings)))
    return {
        ROOT / "openapi/openapi.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n",
        ROOT / "openapi/openapi.yaml": yaml.dump(
            document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
        ),
        ROOT / "docs/errors.md": problems.documentation(),
    }


@click.group(
    epilog="""\b
Examples:
  python -m openapi write
  python -m openapi check"""
)
def main() -> None:
    """The OpenAPI document and the error reference, both generated from the code."""


@main.command()
def write() -> None:
    """Write openapi/openapi.json, openapi/openapi.yaml and docs/errors.md."""
    for path, text in generated_files().items():
        path.write_text(text)
        click.echo(f"wrote {path.relative_to(ROOT)}")


@main.command()
def check() -> None:
    """Exit with 1 where a file is not what the code would write."""
    stale = [
        path.relative_to(ROOT)
        for path, text in generated_files().items()
        if not path.exists() or path.read_text() != text
    ]
    for path in stale:
        click.echo(f"{path} is stale; python -m openapi write mends it", err=True)
    sys.exit(bool(stale))


if __name__ == "__main__":
    main(prog_name="python -m openapi")
