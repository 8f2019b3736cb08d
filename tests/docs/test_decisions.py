"""The architecture decision records: one form, and an index of all of them."""

import re

import pytest

from tests.engines import ROOT

RECORDS = sorted(ROOT.glob("docs/adr/0*.md"))
INDEX = (ROOT / "docs/adr/README.md").read_text()


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_has_a_status_and_a_date_and_is_in_the_index(record):
    text = record.read_text()
    number, title = re.match(r"# (\d+)\. (.*)\n", text).groups()
    status = re.search(r"^Status: (accepted|replaced by .*)$", text, re.MULTILINE)[1]
    assert re.search(r"^Date: \d{4}-\d\d-\d\d$", text, re.MULTILINE)
    assert int(record.name[:4]) == int(number)
    assert f"| {number} | [{title}]({record.name}) | {status} |" in INDEX


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_is_about_one_decision(record):
    text = record.read_text()
    for part in ("Context", "Decision", "Consequences"):
        assert text.count(f"**{part}.**") == 1, part
