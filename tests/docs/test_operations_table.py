"""The operator's tables list every log line and every response that needs an operator."""

import re
from pathlib import Path

from dynamodb_items.web.response.problems import all_problems

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operations.md").read_text()
LINE = re.compile(
    r'(?:\.(?:info|warning|error|exception)|\bwrite)\((?:  # .*)?\s*"([a-z ]+)"'
    r'|"event": "([a-z ]+)"'
)
NAMES = r"((?:`[a-z -]+`(?:, )?)+)"
EVENT_ROW = re.compile(rf"^\| {NAMES} \| (?:info|warning|error)", re.MULTILINE)
STATUS_ROW = re.compile(rf"^\| [0-9, ]+ \| {NAMES} \|", re.MULTILINE)


def log_events():
    """The events of all calls that write a log line."""
    return {
        "".join(event)
        for path in (ROOT / "service").rglob("*.py")
        for event in LINE.findall(path.read_text())
    }


def listed(row):
    return {name for names in row.findall(PAGE) for name in re.findall("`(.+?)`", names)}


def test_every_log_line_is_in_the_table():
    events = log_events()
    assert {"dynamodb call failed", "ready", "overloaded", "unknown setting"} <= events
    assert events - listed(EVENT_ROW) == set()


def test_the_table_has_no_other_log_lines():
    assert listed(EVENT_ROW) - log_events() == set()


def test_every_server_error_is_in_the_table():
    slugs = {problem.slug for problem in all_problems() if problem.status >= 500}
    assert "overloaded" in slugs
    assert slugs - listed(STATUS_ROW) == set()
