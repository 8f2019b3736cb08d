"""The README's badges: each shown, and well-formed. That their facts hold is test_openapi's."""

import re
from xml.etree.ElementTree import fromstring

import pytest

from openapi.__main__ import generated_files
from tests.docs.test_readme import README, ROOT

BADGES = {
    str(path.relative_to(ROOT)): text
    for path, text in generated_files().items()
    if path.suffix == ".svg"
}


def test_the_readme_shows_each_badge_and_no_other():
    shown = re.findall(r"!\[[^]]*\]\((docs/images/badges/[^)]*)\)", README)
    assert sorted(shown) == sorted(BADGES)


@pytest.mark.parametrize("badge", BADGES)
def test_a_badge_says_to_a_screen_reader_what_it_shows(badge):
    root = fromstring(BADGES[badge])  # noqa: S314 - our own text
    label, fact = (text.text for text in root.iter("{http://www.w3.org/2000/svg}text"))
    assert root.get("aria-label") == f"{label}: {fact}"
