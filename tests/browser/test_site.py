"""The built documentation, in Chromium: with the API reference, without external content."""

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.docs.site import build


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    build(folder)
    handler = functools.partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_api_reference_shows_the_operations(page, seen, site):
    page.goto(f"{site}/api/")
    reference = page.frame_locator("iframe").first
    expect(reference.locator("#operations-Items-getItem")).to_be_visible()
    assert [sent for sent in seen.requests if not sent.startswith((site, "data:"))] == []
    assert seen.complaints == []


def test_a_type_leads_to_its_section(page, seen, site):
    page.goto(f"{site}/errors#item-not-found")
    expect(page.get_by_role("heading", name="item-not-found")).to_be_in_viewport()
    assert seen.complaints == []


@pytest.mark.parametrize("word", ["login", "pagination", "backup", "ttl", "kubernetes"])
def test_the_search_finds_what_people_look_for(page, seen, site, word):
    page.goto(f"{site}/")
    page.locator("[data-md-component=search-query]").click()
    page.keyboard.type(word)
    expect(page.locator(".md-search-result__link").first).to_be_visible()
    assert seen.complaints == []


@pytest.mark.parametrize(("system", "scheme"), [("light", "default"), ("dark", "slate")])
def test_the_colours_follow_the_system_and_can_be_switched(page, site, system, scheme):
    page.emulate_media(color_scheme=system)
    page.goto(f"{site}/settings/")
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", scheme)
    page.get_by_title("Switch to light mode").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "default")
    page.get_by_title("Switch to dark mode").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")


@pytest.mark.parametrize("path", ["", "settings/", "operations/", "architecture/", "tutorial/"])
def test_a_page_fits_a_phone(page, site, path):
    """Nothing but a table or a block of code scrolls sideways, in its own box."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site}/{path}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [390, 1280])
def test_the_name_of_a_setting_is_on_one_line(page, site, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{site}/settings/")
    names = page.locator("td code", has_text="ITEMS_")
    heights = names.evaluate_all(
        "all => all.map(one => one.getClientRects().length)",
    )
    assert set(heights) == {1}
