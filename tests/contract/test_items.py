"""The item resource: what each method does to the table, and its response."""

import pytest

from tests.contract.conftest import ACCEPT_TYPED, JSON, TYPED, exact, service_with
from tests.wire import pass_on


def test_put_creates_then_replaces(service, name):
    path = f"/items/7/{name}"
    created = service.put(path, headers=JSON, data='{"Age": 1, "Old": true}')
    assert created.status_code == 201
    assert created.headers["Location"] == path
    assert exact(created) == {"Id": 7, "Name": name, "Age": 1, "Old": True}
    replaced = service.put(path, headers=JSON, data='{"Age": 2}')
    assert replaced.status_code == 200
    assert "Location" not in replaced.headers
    assert exact(service.get(path)) == {"Id": 7, "Name": name, "Age": 2}


def test_a_put_returns_what_a_get_returns(service, name):
    path = f"/items/7/{name}"
    put = service.put(path, headers=JSON, data='{"b": [1, {"c": null}], "a": "é"}')
    got = service.get(path)
    assert exact(put) == exact(got)
    assert put.headers["ETag"] == got.headers["ETag"]


def test_get_of_an_absent_item_is_404(service, name):
    response = service.get(f"/items/7/{name}")
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"
    problem = response.json
    assert problem["type"] == "/docs/errors#item-not-found"
    assert problem["status"] == 404
    assert problem["instance"] == f"/items/7/{name}"
    assert problem["request_id"] == response.headers["X-Request-Id"]


def test_head_returns_what_get_does_without_the_body(service, name):
    path = f"/items/7/{name}"
    service.put(path, headers=JSON, data="{}")
    got, head = service.get(path), service.head(path)
    assert head.status_code == 200
    assert head.data == b""
    assert head.headers["ETag"] == got.headers["ETag"]
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert service.head(f"/items/8/{name}").status_code == 404


def test_patch_sets_and_removes_attributes(service, name):
    path = f"/items/7/{name}"
    service.put(path, headers=JSON, data='{"Email": "a@example.com", "Old": 1, "Kept": 2}')
    response = service.patch(
        path,
        headers={"Content-Type": "application/merge-patch+json"},
        data='{"Email": "b@example.com", "Old": null, "Size": "reserved word"}',
    )
    assert response.status_code == 200
    stored = {
        "Id": 7,
        "Name": name,
        "Email": "b@example.com",
        "Kept": 2,
        "Size": "reserved word",
    }
    assert exact(response) == stored
    assert exact(service.get(path)) == stored


def test_patch_merges_maps_and_keeps_what_plain_json_cannot_represent(service, name):
    path = f"/items/7/{name}"
    service.put(
        path,
        headers=TYPED,
        data='{"m": {"M": {"tags": {"SS": ["x", "y"]}, "n": {"N": "1"}, "b": {"B": "AAE="}}}}',
    )
    response = service.patch(path, headers=JSON, data='{"m": {"n": null, "o": {"p": {"q": 2}}}}')
    assert response.status_code == 200
    typed = service.get(path, headers=ACCEPT_TYPED).json["m"]["M"]
    assert sorted(typed["tags"]["SS"]) == ["x", "y"]
    assert typed["b"] == {"B": "AAE="}
    assert typed["o"] == {"M": {"p": {"M": {"q": {"N": "2"}}}}}
    assert "n" not in typed


def test_patch_of_a_map_over_a_scalar_replaces_it_without_its_nulls(service, name):
    path = f"/items/7/{name}"
    service.put(path, headers=JSON, data='{"a": "text"}')
    response = service.patch(path, headers=JSON, data='{"a": {"b": null, "c": [null]}}')
    assert exact(response)["a"] == {"c": [None]}


def test_patch_never_creates(service, name):
    for patch in ('{"a": 1}', '{"a": {"b": 1}}', "{}"):
        response = service.patch(f"/items/7/{name}", headers=JSON, data=patch)
        assert response.status_code == 404
    assert service.get(f"/items/7/{name}").status_code == 404


def test_an_empty_patch_changes_nothing(service, name):
    path = f"/items/7/{name}"
    put = service.put(path, headers=JSON, data='{"a": 1}')
    response = service.patch(path, headers=JSON, data="{}")
    assert response.status_code == 200
    assert response.headers["ETag"] == put.headers["ETag"]


def test_delete_is_204_also_when_repeated(service, name):
    path = f"/items/7/{name}"
    service.put(path, headers=JSON, data="{}")
    assert service.delete(path).status_code == 204
    assert service.get(path).status_code == 404
    assert service.delete(path).status_code == 204


def test_equal_numbers_are_one_item(service, name):
    service.put(f"/items/104/{name}", headers=JSON, data='{"a": 1}')
    for number in ("0104", "1.04e2", "104.000", "+104", "1040E-1"):
        response = service.get(f"/items/{number}/{name}")
        assert response.status_code == 200, number
        assert exact(response)["Id"] == 104


def test_prefer_minimal_returns_no_item(service, name):
    path, prefer = f"/items/7/{name}", {"Prefer": "return=minimal"}
    created = service.put(path, headers={**JSON, **prefer}, data="{}")
    replaced = service.put(path, headers={**JSON, **prefer}, data='{"a": 1}')
    patched = service.patch(path, headers={**JSON, **prefer}, data='{"b": 1}')
    assert [created.status_code, replaced.status_code, patched.status_code] == [201, 204, 204]
    for response in (created, replaced, patched):
        assert response.data == b""
        assert response.headers["Preference-Applied"] == "return=minimal"
    assert created.headers["Location"] == path
    assert patched.headers["ETag"] == service.get(path).headers["ETag"]


def test_prefer_representation_returns_the_last_state_of_a_delete(service, name):
    path, prefer = f"/items/7/{name}", {"Prefer": "return=representation"}
    service.put(path, headers=JSON, data='{"a": 1}')
    response = service.delete(path, headers=prefer)
    assert response.status_code == 200
    assert exact(response) == {"Id": 7, "Name": name, "a": 1}
    assert response.headers["Preference-Applied"] == "return=representation"
    assert service.delete(path, headers=prefer).status_code == 204


def test_fields_trim_the_response_and_not_the_etag(service, name):
    path = f"/items/7/{name}"
    body = (
        '{"Email": "a", "Address": {"City": "Kyiv", "Zip": "1"}, "n": 1,'
        ' "x.y": {"z": 1}, "u,v": 2, "w\\\\": 3, "l": ["p", "q", {"k": 1, "j": 2}]}'
    )
    whole = service.put(path, headers=JSON, data=body)
    key = {"Id": 7, "Name": name}
    for fields, expected in {
        "Email,Address.City": {"Email": "a", "Address": {"City": "Kyiv"}},
        "Address,Address.City": {"Address": {"City": "Kyiv", "Zip": "1"}},
        "Address.City,Address": {"Address": {"City": "Kyiv", "Zip": "1"}},
        "x\\.y.z": {"x.y": {"z": 1}},
        "u\\,v,n": {"u,v": 2, "n": 1},
        "w\\\\,n": {"w\\": 3, "n": 1},
        "l[1]": {"l": ["q"]},
        "l[2].k,l[0]": {"l": ["p", {"k": 1}]},
        "l[9],n[0]": {},
        "n.inside,absent": {},
        "Id": {},
    }.items():
        response = service.get(path, query_string={"fields": fields})
        assert exact(response) == {**key, **expected}, fields
        assert response.headers["ETag"] == whole.headers["ETag"]


def test_fields_may_be_repeated_as_some_clients_do(service, name):
    path = f"/items/7/{name}"
    service.put(path, headers=JSON, data='{"a": 1, "b": 2, "c": 3}')
    response = service.get(f"{path}?fields=a&fields=b")
    assert exact(response) == {"Id": 7, "Name": name, "a": 1, "b": 2}


def test_fields_trim_the_response_of_a_write_and_not_the_item(service, name):
    path = f"/items/7/{name}?fields=a"
    assert exact(service.put(path, headers=JSON, data='{"a": 1, "b": 2}')).keys() == {
        "Id",
        "Name",
        "a",
    }
    assert exact(service.get(f"/items/7/{name}"))["b"] == 2


@pytest.mark.parametrize(
    ("query", "default", "consistent"),
    [("", False, False), ("", True, True), ("true", False, True), ("false", True, False)],
)
def test_reads_are_as_consistent_as_requested(engine, name, query, default, consistent):
    service = service_with(engine, consistent_read=default)
    requested = []

    def see(call):
        requested.append(call.parameters["ConsistentRead"])
        return False

    with engine.wire.fault(pass_on, operation="GetItem", when=see):
        service.get(f"/items/7/{name}", query_string={"consistent_read": query} if query else {})
    assert requested == [consistent]


def test_the_location_of_a_new_item_is_canonical(service, name):
    created = service.put(f"/items/0104.0/{name}", headers=JSON, data="{}")
    assert created.headers["Location"] == f"/items/104/{name}"


def test_a_problem_is_never_cached(service, name):
    for response in (service.get(f"/items/7/{name}"), service.get("/nothing")):
        assert response.headers["Cache-Control"] == "no-store"


def test_the_typed_form_is_negotiated(service, name):
    path = f"/items/7/{name}"
    service.put(path, headers=JSON, data='{"a": 1}')
    for accept, content_type in {
        "application/vnd.dynamodb+json": "application/vnd.dynamodb+json",
        "application/json;q=0.5, application/vnd.dynamodb+json": "application/vnd.dynamodb+json",
        "text/html, */*;q=0.1": "application/json",
        "application/*": "application/json",
        "application/json; charset=utf-8": "application/json",
        "application/vnd.dynamodb+json; version=1": "application/vnd.dynamodb+json",
        "application/json;q=0, */*;q=0.1": "application/vnd.dynamodb+json",
    }.items():
        response = service.get(path, headers={"Accept": accept})
        assert response.content_type == content_type, accept
        assert response.headers["Vary"] == "Accept"
    for accept in ("text/csv", "application/json;q=0", "*/*;q=0"):
        assert service.get(path, headers={"Accept": accept}).status_code == 406, accept


def test_the_version_attribute_shows_in_the_typed_form_only(service, name):
    path = f"/items/7/{name}"
    service.put(path, headers=JSON, data="{}")
    assert "_version" not in service.get(path).json
    assert "_version" in service.get(path, headers=ACCEPT_TYPED).json


def test_an_item_read_in_the_typed_form_can_be_sent_back(service, name):
    path = f"/items/7/{name}"
    service.put(path, headers=JSON, data='{"a": [1, 2]}')
    read = service.get(path, headers=ACCEPT_TYPED)
    assert service.put(path, headers=TYPED, data=read.data).status_code == 200
    after = service.get(path, headers=ACCEPT_TYPED).json
    assert after["a"] == read.json["a"]
    assert after["_version"] != read.json["_version"]


def test_a_method_that_is_not_there_is_405_with_allow(service, name):
    response = service.post(f"/items/7/{name}", headers=JSON, data="{}")
    assert response.status_code == 405
    assert response.content_type == "application/problem+json"
    allowed = {method.strip() for method in response.headers["Allow"].split(",")}
    assert allowed == {"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"}


def test_options_names_the_methods_and_no_media_type(service, name):
    response = service.options(f"/items/7/{name}")
    assert (response.status_code, response.data) == (200, b"")
    assert "Content-Type" not in response.headers
    assert "PATCH" in response.headers["Allow"]


def test_the_request_id_is_echoed_or_made(service, name):
    response = service.get(f"/items/7/{name}", headers={"X-Request-Id": "my-id"})
    assert response.headers["X-Request-Id"] == "my-id"
    assert response.json["request_id"] == "my-id"
    forged = service.get(f"/items/7/{name}", headers={"X-Request-Id": "a b" * 100})
    assert len(forged.headers["X-Request-Id"]) == 16
