"""Two pages for people: Swagger UI at ``/docs``, and at ``/`` one item at a time, with lists.

Each page exists only if its setting is on. Pages load everything from this service, by relative
URLs, so they work behind a path prefix and without internet access.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import flask_swagger_ui
from flask import Blueprint, Response, redirect, render_template, send_from_directory

from dynamodb_items.config.settings import Settings
from dynamodb_items.web.resources.pages.lists import KEY_TYPE_NAMES, page_lists

if TYPE_CHECKING:
    from dynamodb_items.access.issuer import FetchedValue
    from dynamodb_items.access.sign_in import SignInEndpoints
    from dynamodb_items.web.resources.pages.form import Field

# Scripts and styles are files of this service: nothing is inline, nothing is external.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_HERE = Path(__file__).parent
_TUTORIAL_KEYS = Settings().key_schema
_SWAGGER_UI = Path(flask_swagger_ui.__file__).parent / "dist"
_SWAGGER_UI_ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
_PAGE_SIZE = 25
"""The number of items in a page of a list, until the user chooses another."""
# What the item page requires from the user, for each ITEMS_AUTH.
_CREDENTIALS = {
    "jwt": {"label": "Bearer token", "header": "Authorization", "prefix": "Bearer "},
    "api-key": {"label": "API key", "header": "X-API-Key", "prefix": ""},
}
_ASSETS = (
    *("docs.js", "item.js", "item.css", "json-text.js"),
    *("browse.js", "browse.css", "form.js", "form.css"),
    *("sign-in.js", "signed-in.html", "signed-in.js"),
)
PATHS = frozenset(
    {"/", "/docs", "/docs/", *(f"/pages/{name}" for name in (*_ASSETS, *_SWAGGER_UI_ASSETS))}
)
"""All paths of the pages; their content depends on no item."""


def pages_blueprint(settings: Settings) -> Blueprint:
    """Return the routes of the pages that the settings enable."""
    pages = Blueprint("pages", __name__, template_folder=".")
    pages.after_request(_protect)
    if settings.docs_ui:
        pages.add_url_rule("/docs", "docs", lambda: render_template("docs.html"))
        # The relative URLs of the page are right only without the slash.
        pages.add_url_rule("/docs/", "docs_without_slash", lambda: redirect("../docs"))
    if settings.item_page:
        sign_in, fields = _sign_in_source(settings), _fields(settings)
        pages.add_url_rule("/", "item_page", lambda: item_page(settings, sign_in, fields))
    if settings.docs_ui or settings.item_page:
        names = ",".join(f'"{name}"' for name in (*_ASSETS, *_SWAGGER_UI_ASSETS))
        pages.add_url_rule(f"/pages/<any({names}):name>", view_func=asset)
    return pages


def item_page(
    settings: Settings,
    sign_in: "FetchedValue[SignInEndpoints] | None" = None,
    fields: "tuple[Field, ...]" = (),
) -> Response:
    """Return a page that reads, edits and deletes one item, after a sign-in where there is one.

    With fields it shows a form.
    """
    schema = settings.key_schema
    examples = ("104", "Andrew") if schema == _TUTORIAL_KEYS else ("", "")
    keys = [
        {"name": key.name, "type": KEY_TYPE_NAMES[key.type], "example": example}
        for key, example in zip(schema, examples, strict=False)
    ]
    endpoints = None if sign_in is None else sign_in.current()
    page = render_template(
        "item.html",
        table=settings.table_name,
        keys=keys,
        credential=_CREDENTIALS.get(settings.auth or "none"),
        docs_ui=settings.docs_ui,
        fields=fields,
        lists=page_lists(settings),
        page_size=min(_PAGE_SIZE, settings.max_page_size),
        max_page_size=settings.max_page_size,
        key_names=schema.names,
        sign_in=None if endpoints is None else _sign_in_parameters(settings, endpoints),
        tenant_claim=settings.tenant_claim if settings.auth == "jwt" else None,
    )
    response = Response(page)
    if endpoints is not None:
        policy = CONTENT_SECURITY_POLICY.replace(
            "connect-src 'self'", f"connect-src 'self' {endpoints.token_origin}"
        )
        response.headers["Content-Security-Policy"] = policy
    return response


def _fields(settings: Settings) -> "tuple[Field, ...]":
    if settings.item_schema is None:
        return ()
    # Imported here: only a page with a form needs it.
    from dynamodb_items.web.resources.pages.form import form_fields  # noqa: PLC0415

    return form_fields(settings.item_schema.document, settings.key_schema.names)


def _sign_in_source(settings: Settings) -> "FetchedValue[SignInEndpoints] | None":
    if not settings.page_oidc_client:
        return None
    # Imported here: only a page with a sign-in needs it.
    from dynamodb_items.access.sign_in import sign_in_endpoints  # noqa: PLC0415

    return sign_in_endpoints(settings.jwt_issuer, settings.jwt_key_set_seconds)


def _sign_in_parameters(settings: Settings, endpoints: "SignInEndpoints") -> dict[str, str]:
    scopes = f"openid {settings.read_scopes[0]} {settings.write_scopes[0]}"
    return {
        "issuer": settings.jwt_issuer,
        "authorization": endpoints.authorization,
        "token": endpoints.token,
        "client": settings.page_oidc_client,
        "scope": settings.page_oidc_scope or scopes,
        "parameters": settings.page_oidc_parameters,
    }


def asset(name: str) -> Response:
    """Return a script, a style sheet or an image of the pages."""
    folder = _SWAGGER_UI if name in _SWAGGER_UI_ASSETS else _HERE
    return send_from_directory(folder, name)


def _protect(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    # The browser revalidates each time, so that an upgrade shows at once.
    response.headers["Cache-Control"] = "no-cache"
    response.headers.pop("Date", None)  # the server sets it
    return response
