"""Everything that a person reads uses the standard words of the field."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READ_BY_PEOPLE = (
    *("service", "deploy", "openapi", "docs", "bench", "tests"),
    *("*.md", "Makefile", "*.cfg"),
)
# A pattern of whole words, and what to write in its place.
REPLACED = {
    r"mend(s|ed|ing)?": "fix",
    r"anew": "again, re-read or recompute",
    r"once more": "again",
    r"for ever": "indefinitely, or: never expires",
    r"whoever": "the caller, or whom it is about",
    r"who may in": "authentication, authorization",
    r"let(s)? in": "accept",
    r"(is|are|was|were|been|be) told": "is reported, returned or logged",
    r"tells? (what|which|whether|that|how|why|of|the)": "reports, returns, logs or contains",
    r"besides?": "next to, as well as, compared with",
    r"refus(e|es|ed|ing|als?)": "reject; of a condition: fail",
    r"ask(s|ed|ing)?": "request, call or require",
    r"mistakes?": "error or invalid value",
    r"faults?": "error, failure or defect",
    r"answers?|answered|answering": "response; of a function: return",
    r"further attempts?": "retry",
    r"the (short|long|shorter|whole) way": "the fast path; the standard path",
    r"(is|are) (there|away)": "exists, is available; is absent, is unavailable",
    r"there (is|are) none": "none exists",
    r"of which": "name the noun again",
    r"is no (?!longer)[a-z]+": "is not a …, is an invalid …",
    r"that is none|which is none": "is not one",
    r"takes? (none|no)\b": "rejects, accepts none",
    r"spoil(s|ed|t)?": "damage or corrupt",
    r"thing that": "the noun itself",
}
PATTERN = re.compile(rf"\b(?:{'|'.join(REPLACED)})\b", re.IGNORECASE)
# Uses of these words that are the field's own.
STANDARD = re.compile(
    r"tests/faults|default-deny|asked-for|Ask a question|fault injection|fault-tolerant"
    r"|ConnectionRefusedError",
    re.IGNORECASE,
)
# In tests a fault is what they inject.
INJECTED = re.compile(r"(?<![a-z])faults?(?![a-z])", re.IGNORECASE)


def files():
    listed = subprocess.run(
        ["git", "ls-files", "--", *READ_BY_PEOPLE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    code = {".py", ".sh", ".js", ".ts", ".go", ".java"}
    suffixes = code | {".md", ".service", ".yaml", ".html", ".json", ".cfg", ""}
    this = Path(__file__).relative_to(ROOT)
    return [
        name
        for name in listed
        if Path(name).suffix in suffixes
        and Path(name) != this
        and Path(name).name != "package-lock.json"
    ]


def replaced_words(text):
    """The words of a text that the project has replaced, each with its line number."""
    return [
        (number, match[0])
        for number, line in enumerate(text.splitlines(), 1)
        for match in PATTERN.finditer(STANDARD.sub("", line).replace("_", " "))
    ]


def test_a_replaced_word_is_found():
    assert replaced_words("The call is_refused\nrefused, and asked anew.") == [
        (1, "refused"),
        (2, "refused"),
        (2, "asked"),
        (2, "anew"),
    ]


@pytest.mark.parametrize("name", files())
def test_the_words_are_the_field_s_own(name):
    text = (ROOT / name).read_text()
    found = replaced_words(INJECTED.sub("", text) if name.startswith("tests/") else text)
    assert found == [], f"{name}: write {REPLACED}"
