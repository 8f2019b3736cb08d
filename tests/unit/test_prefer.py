"""The Prefer header, as RFC 7240 section 2 has it."""

import pytest
from dynamodb_items.web.request.prefer import Return, preferred_return
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request


@pytest.mark.parametrize(
    ("header", "preferred"),
    [
        ("return=minimal", Return.MINIMAL),
        ("return=representation", Return.REPRESENTATION),
        ('RETURN = "Minimal"', Return.MINIMAL),
        ("respond-async, return=minimal; x=y, wait=10", Return.MINIMAL),
        ("return=minimal, return=representation", Return.MINIMAL),
        ("return=none, return=minimal", None),
        ('foo="a, return=minimal, b"', None),
        ("wait=10; return=minimal", None),
        ('return="minimal', None),
        ("return", None),
        ("returns=minimal", None),
        ("", None),
    ],
)
def test_the_first_return_preference_counts(header, preferred):
    request = Request(EnvironBuilder(headers={"Prefer": header}).get_environ())
    assert preferred_return(request) is preferred


def test_a_preference_may_come_in_several_header_lines():
    environ = EnvironBuilder(headers=[("Prefer", "wait=10"), ("Prefer", "return=minimal")])
    assert preferred_return(Request(environ.get_environ())) is Return.MINIMAL
