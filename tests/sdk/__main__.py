"""Generate clients from the OpenAPI document with lists into build/sdk; fresh ones stay."""

import sys

import click

from tests.sdk.generators import BUILD, GENERATORS, LISTS, ROOT, generate_stale, write_document


@click.command(
    epilog="""\b
Examples:
  python -m tests.sdk
  python -m tests.sdk orval hey-api"""
)
@click.argument("names", nargs=-1, type=click.Choice([one.name for one in GENERATORS]))
def main(names: tuple[str, ...]) -> None:
    """Generate the clients of these generators, or of all of them, into build/sdk."""
    chosen = [generator for generator in GENERATORS if not names or generator.name in names]
    write_document(BUILD, LISTS)
    failures = generate_stale(chosen)
    for generator in chosen:
        if generator.name not in failures:
            click.echo(f"{generator.name}: {generator.folder.relative_to(ROOT)}")
    for failure in failures.values():
        click.echo(failure, err=True)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main(prog_name="python -m tests.sdk")
