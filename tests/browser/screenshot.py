"""Take the README's picture of the item page: python -m tests.browser.screenshot."""

import shutil
from pathlib import Path

from dynamodb_items.config.settings import Settings
from dynamodb_items.local import launcher
from playwright.sync_api import expect, sync_playwright

from tests.engines import ROOT, client_for, moto
from tests.serving import gunicorn

PICTURE = ROOT / "docs/images/item-page.png"


def take(picture: Path) -> None:
    """Save a picture of the page after another client has changed the item."""
    with (
        moto() as endpoint,
        sync_playwright() as playwright,
    ):
        launcher.create_table(client_for(endpoint), Settings())
        with gunicorn(endpoint, ITEMS_DOCS_UI="true", ITEMS_ITEM_PAGE="true") as server:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
            page = browser.new_page(viewport={"width": 900, "height": 760})
            page.goto(server.url)
            expect(page.locator("#outcome")).to_have_text("200 Read.")
            # The other client's write is first.
            body = '{"Email": "andrewClarke@gmail.com"}'
            server.request("PUT", "/items/104/Andrew", body, Content_Type="application/json")
            page.get_by_label("Item").fill(
                page.get_by_label("Item").input_value().replace("andrew@", "andrew.c@")
            )
            page.locator("#body").evaluate("(area) => { area.rows = 7; area.blur(); }")
            page.get_by_role("button", name="Save").click()
            expect(page.locator("#stored")).to_contain_text("andrewClarke")
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=picture)
            browser.close()


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    take(PICTURE)
