"""Each invalid input returns its problem at once, and no call reaches DynamoDB."""

import time

import pytest

from tests.contract.conftest import JSON, MERGE, TYPED

DEEP = "[" * 39 + "]" * 39

BODIES = {
    "no body": (JSON, b"", 400, "invalid-body"),
    "white space": (JSON, b" \n", 400, "invalid-body"),
    "no JSON": (JSON, b"{Age: 1}", 400, "invalid-body"),
    "two values": (JSON, b"{} {}", 400, "invalid-body"),
    "no UTF-8": (JSON, b'{"a": "\xff"}', 400, "invalid-body"),
    "UTF-16": (JSON, '{"a": 1}'.encode("utf-16"), 400, "invalid-body"),
    "byte order mark": (JSON, b'\xef\xbb\xbf{"a": 1}', 400, "invalid-body"),
    "NaN": (JSON, b'{"a": NaN}', 400, "invalid-body"),
    "-Infinity": (JSON, b'{"a": -Infinity}', 400, "invalid-body"),
    "duplicate keys": (JSON, b'{"a": 1, "a": 2}', 400, "invalid-body"),
    "duplicate keys inside": (JSON, b'{"m": {"a": 1, "a": 1}}', 400, "invalid-body"),
    "duplicate keys by escape": (JSON, b'{"a": 1, "\\u0061": 2}', 400, "invalid-body"),
    "lone surrogate": (JSON, b'{"a": "\\ud83d"}', 400, "invalid-body"),
    "lone surrogate key": (JSON, b'{"\\udc00": 1}', 400, "invalid-body"),
    "lone surrogate, typed": (TYPED, b'{"a": {"S": "\\uD83D"}}', 400, "invalid-body"),
    "1e1000000": (JSON, b'{"a": 1e1000000}', 422, "unacceptable-item"),
    "1e99999999999999999999": (JSON, b'{"a": 1e99999999999999999999}', 422, "unacceptable-item"),
    "1e126": (JSON, b'{"a": 1e126}', 422, "unacceptable-item"),
    "1e-131": (JSON, b'{"a": 1e-131}', 422, "unacceptable-item"),
    "39 digits": (JSON, b'{"a": %s}' % (b"1" * 39), 422, "unacceptable-item"),
    "a million digits": (JSON, b'{"a": %s}' % (b"7" * 1_000_000), 422, "unacceptable-item"),
    "39 digits, typed": (TYPED, b'{"a": {"N": "%s"}}' % (b"1" * 39), 422, "unacceptable-item"),
    "40 levels": (JSON, b'{"a": %s}' % DEEP.encode(), 422, "unacceptable-item"),
    "100,000 levels": (JSON, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 422, "unacceptable-item"),
    "100,000 brackets": (JSON, b"[" * 100_000, 422, "unacceptable-item"),
    "an array": (JSON, b"[1]", 422, "unacceptable-item"),
    "a string": (JSON, b'"text"', 422, "unacceptable-item"),
    "null": (JSON, b"null", 422, "unacceptable-item"),
    "another Id": (JSON, b'{"Id": 8}', 422, "unacceptable-item"),
    "Id as a string": (JSON, b'{"Id": "7"}', 422, "unacceptable-item"),
    "another Name": (TYPED, b'{"Name": {"S": "x"}}', 422, "unacceptable-item"),
    "empty name": (JSON, b'{"": 1}', 422, "unacceptable-item"),
    "empty name inside": (JSON, b'{"a": [{"": 1}]}', 422, "unacceptable-item"),
    "the version attribute": (JSON, b'{"_version": "mine"}', 422, "unacceptable-item"),
    "empty set": (TYPED, b'{"a": {"SS": []}}', 422, "unacceptable-item"),
    "equal set members": (TYPED, b'{"a": {"NS": ["1", "1.0"]}}', 422, "unacceptable-item"),
    "false NULL": (TYPED, b'{"a": {"NULL": false}}', 422, "unacceptable-item"),
    "no type": (TYPED, b'{"a": "plain"}', 422, "unacceptable-item"),
    "two types": (TYPED, b'{"a": {"S": "x", "N": "1"}}', 422, "unacceptable-item"),
    "unknown type": (TYPED, b'{"a": {"X": "x"}}', 422, "unacceptable-item"),
    "number as a number": (TYPED, b'{"a": {"N": 1}}', 422, "unacceptable-item"),
    "no number": (TYPED, b'{"a": {"N": "1_0"}}', 422, "unacceptable-item"),
    "no base64": (TYPED, b'{"a": {"B": "?"}}', 422, "unacceptable-item"),
    "BOOL as a string": (TYPED, b'{"a": {"BOOL": "true"}}', 422, "unacceptable-item"),
    "over 400 KB": (JSON, b'{"a": "%s"}' % (b"x" * 409_600), 413, "item-too-large"),
    "2 MB": (JSON, b'{"a": "%s"}' % (b"x" * 2_000_000), 413, "body-too-large"),
    "XML": ({"Content-Type": "text/xml"}, b"<a/>", 415, "unsupported-media-type"),
    "a form": (
        {"Content-Type": "application/x-www-form-urlencoded"},
        b"a=1",
        415,
        "unsupported-media-type",
    ),
    "no media type": ({}, b"{}", 415, "unsupported-media-type"),
    "Latin-1": (
        {"Content-Type": "application/json; charset=latin-1"},
        b"{}",
        415,
        "unsupported-media-type",
    ),
    "another coding": ({**JSON, "Content-Encoding": "br"}, b"{}", 415, "unsupported-media-type"),
    "two codings": (
        {**JSON, "Content-Encoding": "gzip, gzip"},
        b"{}",
        415,
        "unsupported-media-type",
    ),
}


def assert_rejected(service, request, status, slug):
    responses = []
    began = time.process_time()
    assert service.calls_during(lambda: responses.append(request())) == []
    # A generous bound of processor time: the error would be seconds of arithmetic or recursion.
    assert time.process_time() - began < 2
    (response,) = responses
    assert response.status_code == status, response.data[:300]
    assert response.content_type == "application/problem+json"
    assert response.json["type"] == f"/docs/errors#{slug}"
    assert response.json["status"] == status
    assert response.json["detail"]


@pytest.mark.parametrize("case", BODIES)
def test_a_put_body_is_rejected(service, name, case):
    headers, body, status, slug = BODIES[case]
    path = f"/items/7/{name}"
    assert_rejected(service, lambda: service.put(path, headers=headers, data=body), status, slug)


PLAIN_BODIES = [case for case, (headers, *_) in BODIES.items() if headers == JSON]


@pytest.mark.parametrize("case", PLAIN_BODIES)
def test_a_patch_body_is_rejected(service, name, case):
    _, body, status, slug = BODIES[case]
    path = f"/items/7/{name}"
    assert_rejected(service, lambda: service.patch(path, headers=MERGE, data=body), status, slug)


NESTED_PATCHES = {
    "no name to remove": (b'{"": null}', 422, "unacceptable-item"),
    "a name too long to remove": (b'{"%s": null}' % (b"n" * 70_000), 422, "unacceptable-item"),
    "1e200 in a map": (b'{"m": {"x": 1e200}}', 422, "unacceptable-item"),
    "no name in a map": (b'{"m": {"": null}}', 422, "unacceptable-item"),
    "33 levels of maps": (b'{"m":' * 33 + b"1" + b"}" * 33, 422, "unacceptable-item"),
    # Base64 text may be binary of three quarters its size, which only the stored item shows.
    "over 400 KB in a map": (b'{"m": {"a": "%s"}}' % (b"x" * 546_500), 413, "item-too-large"),
}


@pytest.mark.parametrize("case", NESTED_PATCHES)
def test_a_nested_patch_is_rejected_before_the_item_is_read(service, name, case):
    body, status, slug = NESTED_PATCHES[case]
    path = f"/items/7/{name}"
    assert_rejected(service, lambda: service.patch(path, headers=MERGE, data=body), status, slug)


@pytest.mark.parametrize("patch", ['{"Id": null}', '{"Name": "other"}', '{"_version": null}'])
def test_keys_and_the_version_cannot_be_patched(service, name, patch):
    path = f"/items/7/{name}"
    assert_rejected(
        service,
        lambda: service.patch(path, headers=JSON, data=patch),
        422,
        "unacceptable-item",
    )


def test_the_typed_form_is_not_a_patch(service, name):
    path = f"/items/7/{name}"
    assert_rejected(
        service,
        lambda: service.patch(path, headers=TYPED, data="{}"),
        415,
        "unsupported-media-type",
    )


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("/items/x/y", 400, "invalid-key"),
        ("/items/1_0/y", 400, "invalid-key"),
        ("/items/NaN/y", 400, "invalid-key"),
        ("/items/1e1000000/y", 400, "invalid-key"),
        (f"/items/{'1' * 39}/y", 400, "invalid-key"),
        ("/items/%D9%A1/y", 400, "invalid-key"),  # an Arabic-Indic digit
        ("/items/7/%FF", 400, "invalid-key"),
        ("/items/7/%C0%AF", 400, "invalid-key"),  # an overlong slash
        ("/items/7/%ED%A0%80", 400, "invalid-key"),  # an encoded surrogate
        ("/items/7/%4", 400, "invalid-key"),
        ("/items/7/%zz", 400, "invalid-key"),
        (f"/items/7/{'n' * 1025}", 400, "invalid-key"),
        (f"/items/7/{'%C3%A9' * 513}", 400, "invalid-key"),
        ("/items/7/a/b", 404, "not-found"),
        ("/items/7//a", 404, "not-found"),
        ("/items/7/", 404, "not-found"),
        ("/items/7", 404, "not-found"),
        ("/items//a", 404, "not-found"),
        ("/nothing", 404, "not-found"),
    ],
)
def test_a_path_is_rejected(service, path, status, slug):
    assert_rejected(service, lambda: service.get(path), status, slug)


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("/items/7/a?consistent_read=maybe", 400, "invalid-request"),
        ("/items/7/a?consistent_read=true&consistent_read=false", 400, "invalid-request"),
        ("/items/7/a?feilds=a", 400, "invalid-request"),
        ("/items/7/a?fields=a..b", 400, "invalid-request"),
        ("/items/7/a?fields=", 400, "invalid-request"),
        ("/items/7/a?fields=a,", 400, "invalid-request"),
        ("/items/7/a?fields=a%5C&fields=b", 400, "invalid-request"),
        ("/items/7/a?fields=a&fields=", 400, "invalid-request"),
        ("/items/7/a?fields=%FF", 400, "invalid-request"),
        ("/items/7/a?fields=%zz", 400, "invalid-request"),
    ],
)
def test_a_query_is_rejected(service, path, status, slug):
    assert_rejected(service, lambda: service.get(path), status, slug)


def test_an_item_is_not_read_without_an_acceptable_form(service, name):
    headers = {"Accept": "text/csv"}
    assert_rejected(
        service, lambda: service.get(f"/items/7/{name}", headers=headers), 406, "not-acceptable"
    )


def test_field_errors_point_at_the_invalid_value(service, name):
    response = service.put(
        f"/items/7/{name}", headers=JSON, data='{"a": {"b/c": [0, {"~": 1e200}]}}'
    )
    assert [error["pointer"] for error in response.json["errors"]] == ["/a/b~1c/1/~0"]


def test_31_levels_inside_an_item_are_stored_and_32_rejected(service, name):
    path = f"/items/7/{name}"
    legal = '{"a": ' + "[" * 31 + "]" * 31 + "}"
    assert service.put(path, headers=JSON, data=legal).status_code == 201
    too_deep = '{"a": ' + "[" * 32 + "]" * 32 + "}"
    assert service.put(path, headers=JSON, data=too_deep).status_code == 422
    typed = '{"L": [' * 31 + "]}" * 31
    assert service.put(path, headers=TYPED, data=f'{{"a": {typed}}}').status_code == 200
    typed = '{"L": [' * 32 + "]}" * 32
    assert service.put(path, headers=TYPED, data=f'{{"a": {typed}}}').status_code == 422


def test_an_item_may_grow_to_400_kb_and_no_further(service, name):
    path = f"/items/7/{name}"
    # moto rejects items over 405,000 bytes; a unit test covers the exact limit.
    response = service.put(path, headers=JSON, data=f'{{"a": "{"x" * 404_000}"}}')
    assert response.status_code == 201
    response = service.patch(path, headers=JSON, data=f'{{"b": "{"x" * 7_000}"}}')
    assert response.status_code == 413
