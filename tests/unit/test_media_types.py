"""Accept, Content-Type and Content-Encoding, as RFC 9110 sections 8 and 12 have them."""

import pytest
from dynamodb_items.web.media_types import (
    PATCH_FORMS,
    PatchForm,
    Representation,
    accepted_representation,
    item_representation,
    patch_form,
    preferred_representation,
)
from werkzeug.exceptions import NotAcceptable, UnsupportedMediaType
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

PLAIN, TYPED = Representation.PLAIN, Representation.TYPED
JSON, TYPED_JSON = PLAIN.media_type, TYPED.media_type
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"


def request(**headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(EnvironBuilder(method="PUT", headers=named).get_environ())


@pytest.mark.parametrize(
    ("accept", "preferred"),
    [
        (JAVA, PLAIN),
        ("", PLAIN),
        (" ", PLAIN),
        (",, ,", PLAIN),
        ("*", PLAIN),
        ("*;q=0.1", PLAIN),
        ("*/*;q=.5", PLAIN),
        ("*/*;q=1.", PLAIN),
        ("*/*;q=0.123456789", PLAIN),
        ("*/*;q=.0000001", PLAIN),
        ("*/*;q=1.5", PLAIN),
        ("*/*;q=9999999999999999999999", PLAIN),
        ("*/*;Q=.5", PLAIN),
        ("*/* ; q = .5", PLAIN),
        ("*/*\t;\tq=.5", PLAIN),
        ("*/*;q=", PLAIN),
        ("*/*;q=.", PLAIN),
        ("*/*;q=high", PLAIN),
        ("*/*;;q=.5;", PLAIN),
        ("garbage", PLAIN),
        ("garbage;q=0", PLAIN),
        ("APPLICATION/JSON", PLAIN),
        ("application/*", PLAIN),
        ("application/json;charset=utf-8", PLAIN),
        ("application/json;indent=4", PLAIN),
        ('application/json;profile="a, b;q=0";q=.9', PLAIN),
        ('application/json;profile="a\\", b;q=0', PLAIN),
        ('application/json;profile="a', PLAIN),
        ("application/json;q=.5;ext=1", PLAIN),
        (TYPED_JSON, TYPED),
        (TYPED_JSON.upper(), TYPED),
        (f"{TYPED_JSON};q=.1", TYPED),
        (f"{TYPED_JSON}, */*", TYPED),
        (f"{TYPED_JSON}, */*;q=.9", TYPED),
        (f"*/*, {TYPED_JSON}", TYPED),
        (f"{JSON};q=.2, {TYPED_JSON};q=.3", TYPED),
        (f"{JSON};q=.2, {TYPED_JSON};q=.1", PLAIN),
        (f"{TYPED_JSON}, {JSON}", PLAIN),
        (f"{JSON};q=0, */*", TYPED),
        (f"{JSON};q=0, application/*;q=.1", TYPED),
        (f"{TYPED_JSON};q=0, */*;q=.1", PLAIN),
        (f"text/html, {JSON};q=0.001", PLAIN),
        (f"{JSON};v=2;q=0, {JSON}", PLAIN),
        ("text/html", None),
        ("text/*", None),
        ("*/*;q=0", None),
        ('*/*;q="0"', None),
        ("*;q=0", None),
        ("*/*;q=0.000", None),
        ("*/*;q=.0", None),
        ("*/json", None),
        ("application/problem+json", None),
        (f"{JSON};q=0, {TYPED_JSON};q=0, */*;q=0.5", None),
    ],
)
def test_the_representation_that_accept_prefers(accept, preferred):
    assert preferred_representation(accept) is preferred
    if preferred is None:
        with pytest.raises(NotAcceptable):
            accepted_representation(request(Accept=accept))
    else:
        assert accepted_representation(request(Accept=accept)) is preferred


@pytest.mark.parametrize(
    "content_type",
    [
        JSON,
        "Application/JSON",
        "application/json;",
        "application/json; charset=utf-8",
        'application/json; charset="UTF-8"',
        "application/json;CHARSET=Utf8",
        "application/json ;charset=utf-8",
        "application/json;charset=us-ascii",
        "application/json;charset=",
        'application/json;x="',
    ],
)
def test_json_is_json_with_any_case_and_parameters(content_type):
    assert item_representation(request(Content_Type=content_type)) is PLAIN
    assert patch_form(request(Content_Type=content_type)) is PatchForm.PLAIN_JSON


def header_of(error: UnsupportedMediaType) -> tuple[str, str]:
    return error.get_headers()[-1]


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/json, application/json", "application/json;charset=utf-16"],
)
def test_415_names_the_media_types_that_are_accepted(content_type):
    with pytest.raises(UnsupportedMediaType) as raised:
        item_representation(request(Content_Type=content_type))
    assert header_of(raised.value) == ("Accept", f"{JSON}, {TYPED_JSON}")
    with pytest.raises(UnsupportedMediaType) as raised:
        patch_form(request(Content_Type=content_type))
    assert header_of(raised.value) == ("Accept-Patch", ", ".join(PATCH_FORMS))


@pytest.mark.parametrize("coding", ["br", "BR", "identity, br", "gzip, gzip", "x"])
@pytest.mark.parametrize("read", [item_representation, patch_form])
def test_415_names_the_content_codings_that_are_accepted(coding, read):
    with pytest.raises(UnsupportedMediaType) as raised:
        read(request(Content_Type=JSON, Content_Encoding=coding))
    assert header_of(raised.value) == ("Accept-Encoding", "gzip")


@pytest.mark.parametrize("coding", ["identity", "Identity", "identity, identity", "", " ,", "gzip"])
def test_a_body_without_another_coding_is_accepted(coding):
    assert item_representation(request(Content_Type=JSON, Content_Encoding=coding)) is PLAIN
