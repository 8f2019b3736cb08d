"""The operator's tables name every log line and every answer that needs an operator."""

import re
from pathlib import Path

from dynamodb_items.web.response.problems import all_problems

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operations.md").read_text()
LINE = re.compile(r'(?:\.(?:info|warning|error)|\bwrite)\(\s*"([a-z ]+)"')


def log_events():
    """What each call that writes a log line says."""
    return {
        event
        for path in (ROOT / "service").rglob("*.py")
        for event in LINE.findall(path.read_text())
    }


def rows():
    """The names in the first two cells of every row, the first of which may be a status."""
    cells = (line.split("|")[1:3] for line in PAGE.splitlines() if line.startswith("|"))
    return {name for pair in cells for cell in pair for name in re.findall(r"`([a-z -]+)`", cell)}


def test_every_log_line_is_in_the_table():
    events = log_events()
    assert {"dynamodb call failed", "ready", "overloaded", "unknown setting"} <= events
    assert events - rows() == set()


def test_every_server_error_is_in_the_table():
    slugs = {problem.slug for problem in all_problems() if problem.status >= 500}
    assert "overloaded" in slugs
    assert slugs - rows() == set()
