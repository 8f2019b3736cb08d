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
