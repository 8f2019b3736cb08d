"""Two pages for people: Swagger UI at ``/docs``, and one item at a time at ``/``.

Each is there only where its setting asks for it. All that they load comes from this service, by
relative URLs, so that they work behind a path prefix and need no network.
"""

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, redirect, render_template, send_from_directory
from werkzeug.wrappers import Response as WerkzeugResponse

from dynamodb_items.config.settings import Settings

# Scripts and styles are files of this service's; nothing is inline, nothing comes from elsewhere.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_HERE = Path(__file__).parent
_SWAGGER_UI = Path(flask_swagger_ui.__file__).parent / "dist"
_SWAGGER_UI_ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
_ASSETS = ("docs.js", "item.js", "item.css")
PATHS = frozenset(
    {"/", "/docs", "/docs/", *(f"/pages/{name}" for name in (*_ASSETS, *_SWAGGER_UI_ASSETS))}
)
"""Every path that the pages may have; each tells nothing of any item."""


def pages_blueprint(settings: Settings) -> Blueprint:
    """The pages that the settings ask for."""
    pages = Blueprint("pages", __name__, template_folder=".")
    pages.after_request(_protect)
    if settings.docs_ui:
        pages.add_url_rule("/docs", view_func=docs)
        pages.add_url_rule("/docs/", view_func=docs_without_slash)
    if settings.item_page:
        pages.add_url_rule("/", view_func=lambda: item_page(settings), endpoint="item_page")
    if settings.docs_ui or settings.item_page:
        names = ",".join(f'"{name}"' for name in (*_ASSETS, *_SWAGGER_UI_ASSETS))
        pages.add_url_rule(f"/pages/<any({names}):name>", view_func=asset)
    return pages


def docs() -> str:
    """Swagger UI with this service's OpenAPI document."""
    return render_template("docs.html")


def docs_without_slash() -> WerkzeugResponse:
    """The same page at the one path from which its relative URLs lead somewhere."""
    return redirect("../docs")


def item_page(settings: Settings) -> str:
    """A page that reads, edits and deletes one item."""
    return render_template(
        "item.html",
        table=settings.table,
        partition_key=settings.partition_key.name,
        sort_key=settings.sort_key.name,
        example=("104", "Andrew") if settings.key_schema == Settings().key_schema else ("", ""),
        docs_ui=settings.docs_ui,
    )


def asset(name: str) -> Response:
    """A script, a style sheet or a picture of the pages."""
    folder = _SWAGGER_UI if name in _SWAGGER_UI_ASSETS else _HERE
    return send_from_directory(folder, name)


def _protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    # Asked for again each time and answered with 304, so that an upgrade shows at once.
    response.headers["Cache-Control"] = "no-cache"
    response.headers.pop("Date", None)  # the server sets it
    return response
