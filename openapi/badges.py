"""The README's badges: a small picture for each fact of the repository, written anew with it."""

import configparser
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from dynamodb_items.domain.operations import DEFAULT_OPERATIONS
from dynamodb_items.web.openapi.document import documented_operations

_MARGIN = 7
# Of Verdana at 11 pixels, near enough.
_NARROW, _WIDE = "fijlrt ,.-I", "mwMW"


def badges(root: Path, document: Mapping[str, Any]) -> dict[Path, str]:
    """The SVG of each badge by its path in the repository, for this OpenAPI document."""
    package = configparser.ConfigParser()
    package.read_string((root / "setup.cfg").read_text())
    clients = re.findall(r"\| (?:exact|loses digits) \|", (root / "docs/clients.md").read_text())
    operations = len(list(documented_operations(document)))
    said = {
        "python": ("Python", package["options"]["python_requires"].replace(">=", "≥ ")),
        "licence": ("licence", package["metadata"]["license"]),
        "openapi": (f"OpenAPI {document['openapi']}", f"{operations} operations"),
        "clients": ("generated clients", f"{len(clients)} tested"),
        "iam": ("IAM actions", f"{len(DEFAULT_OPERATIONS)}, on one table"),
    }
    folder = root / "docs/images/badges"
    return {folder / f"{name}.svg": _badge(*words) for name, words in said.items()}


def _badge(label: str, fact: str) -> str:
    left, right = (_width(text) + 2 * _MARGIN for text in (label, fact))
    size = f'width="{left + right}" height="20"'
    title = escape(f"{label}: {fact}")
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}">
<title>{title}</title>
<clipPath id="round"><rect {size} rx="3"/></clipPath>
<g clip-path="url(#round)">
<rect width="{left}" height="20" fill="#4b5563"/>
<rect x="{left}" width="{right}" height="20" fill="#1f6feb"/>
</g>
<g fill="#ffffff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
{_text(_MARGIN, label)}
{_text(left + _MARGIN, fact)}
</g>
</svg>
"""


def _text(x: int, text: str) -> str:
    # The length is fixed, so that the text fits whatever font is at hand.
    return f'<text x="{x}" y="14" textLength="{_width(text)}">{escape(text)}</text>'


def _width(text: str) -> int:
    return round(sum(4.1 if c in _NARROW else 10 if c in _WIDE else 7 for c in text))
