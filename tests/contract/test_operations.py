"""Least privilege: the operations that are really called.

The engine fixture asserts at its end that the whole suite has called no operation but the declared
ones; this test asserts that each of them is called.
"""

from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation

from tests.contract.conftest import JSON, service_with


def test_the_methods_call_exactly_the_default_operations(service, name):
    path = f"/items/7/{name}"

    def every_method():
        service.put(path, headers=JSON, data="{}")
        service.get(path)
        service.patch(path, headers=JSON, data='{"a": 1}')
        service.delete(path)

    assert set(service.calls_during(every_method)) == set(map(str, DEFAULT_OPERATIONS))


def test_operations_that_are_not_allowed_have_no_routes(engine, name):
    reader = service_with(engine, operations=frozenset({Operation.GET_ITEM}))
    response = reader.put(f"/items/7/{name}", json={})
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    route = "/items/{id}/{name}" if reader.settings.sort_key else "/items/{id}"
    documented = reader.get("/openapi.json").json["paths"]
    assert set(documented[route]) == {"get", "head", "parameters"}
