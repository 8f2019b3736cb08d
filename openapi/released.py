"""The OpenAPI document of the last release, read from git."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Released:
    """A release's tag, such as ``v1.2.0``, and its OpenAPI document."""

    tag: str
    document: dict[str, Any]


def released_document(repository: Path) -> Released | None:
    """Return the document of the last tag ``v*`` before HEAD, or None without such a tag."""
    tag = _git(repository, "describe", "--tags", "--abbrev=0", "--match", "v*")
    text = tag and _git(repository, "show", f"{tag}:openapi/openapi.json")
    return Released(tag, json.loads(text)) if tag and text else None


def _git(repository: Path, *arguments: str) -> str | None:
    try:
        ran = subprocess.run(  # noqa: S603 - constant arguments
            ["git", *arguments],  # noqa: S607 - git is where PATH has it
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:  # git is not installed
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None
