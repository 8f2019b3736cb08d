"""The OpenAPI document of a service with authentication."""

import pytest
from dynamodb_items.access.api_keys import new_api_key
from dynamodb_items.app import create_app, create_repository
from dynamodb_items.config.rates import parse_rates
from dynamodb_items.config.settings import Settings
from dynamodb_items.web.openapi.document import documented_operations
from openapi_spec_validator import OpenAPIV30SpecValidator

from tests.access.issuer import AUDIENCE

ISSUER = "https://issuer.example"


@pytest.fixture(params=["jwt", "api-key"])
def document(request, tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text(f'[one]\nsha256 = "{new_api_key("one")[1]}"\nscopes = ["items:read"]\n')
    settings = (
        Settings(
            auth="jwt",
            rate_limit=parse_rates("9/hour"),
            jwt_issuer=ISSUER,
            jwt_audiences=(AUDIENCE,),
        )
        if request.param == "jwt"
        else Settings(auth="api-key", api_keys_file=str(path))
    )
    client = create_app(settings, create_repository(settings)).test_client()
    return client.get("/openapi.json").get_json()


def test_it_is_valid(document):
    assert list(OpenAPIV30SpecValidator(document).iter_errors()) == []


def test_it_names_the_scheme_in_force(document):
    ((name, scheme),) = document["components"]["securitySchemes"].items()
    assert scheme in (
        {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    )
    assert document["security"] == [{name: []}]


def test_health_needs_none_and_every_other_operation_names_its_scope(document):
    for method, path, operation in documented_operations(document):
        if path in ("/live", "/ready"):
            assert operation["security"] == []
            assert "401" not in operation["responses"]
        else:
            assert "security" not in operation
            assert {"401", "403"} <= operation["responses"].keys()
            scope = "read" if method in ("GET", "HEAD") or path.endswith("Get") else "write"
            assert f"Requires the scope `items:{scope}`" in operation["description"]


@pytest.mark.parametrize("path", ["/docs", "/", "/pages/docs.js", "/pages/item.css"])
def test_the_pages_for_people_are_open(path):
    settings = Settings(
        auth="jwt", jwt_issuer=ISSUER, jwt_audiences=(AUDIENCE,), docs_ui=True, item_page=True
    )
    client = create_app(settings, create_repository(settings)).test_client()
    assert client.get(path).status_code == 200
    assert client.get("/pages/nothing.js").status_code == 401
    assert client.post(path).status_code == 401


def test_an_open_service_documents_no_scheme():
    settings = Settings(auth="none")
    client = create_app(settings, create_repository(settings)).test_client()
    document = client.get("/openapi.json").get_json()
    assert document["security"] == []
    assert "securitySchemes" not in document["components"]


def test_a_limited_service_documents_429(document):
    if "bearerToken" in document["components"]["securitySchemes"]:
        for _, path, operation in documented_operations(document):
            assert ("429" in operation["responses"]) == (path not in ("/live", "/ready"))
    else:
        assert "TooManyRequests" not in document["components"]["responses"]
