"""What the name of a file means, and the names of the files next to it."""

from pathlib import Path

STANDARD_STREAM = "-"
"""Standard input, or standard output."""

GZIP_SUFFIX = ".gz"


def next_to(name: str, suffix: str) -> Path | None:
    """Return the path of a file's companion; None for a standard stream."""
    return None if name == STANDARD_STREAM else Path(name + suffix)
