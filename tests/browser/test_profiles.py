"""A profile outlives tests: it has kept files for the next one, and nothing else."""

from __future__ import annotations

import contextlib
import http.server
import threading
from typing import Any, ClassVar, Dict, Iterator

import pytest
from playwright.sync_api import Error as PageError
from playwright.sync_api import Page, expect

from ..servers import lasting_port
from .conftest import OpenTab
from .profiles import Profiles

FILES = {
    "/": ("text/html", "<title>page</title><h1>Page</h1><script src='kept.js'></script>"),
    "/kept.js": ("text/javascript", "document.title = 'ready'"),
    "/worker.js": ("text/javascript", ""),
}

LEAVE = """async () => {
    document.cookie = 'left=1';
    localStorage.left = sessionStorage.left = 1;
    await new Promise(done => { indexedDB.open('left').onsuccess = done; });
    await caches.open('left');
    await navigator.serviceWorker.register('worker.js');
}"""
FIND = """async () => [
    document.cookie,
    ...Object.keys(localStorage),
    ...Object.keys(sessionStorage),
    ...(await indexedDB.databases()).map(database => database.name),
    ...(await caches.keys()),
    ...(await navigator.serviceWorker.getRegistrations()).map(() => 'worker'),
    navigator.onLine ? '' : 'offline'
].filter(each => each)"""


class Site(http.server.BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        kind, text = FILES.get(self.path, ("text/plain", ""))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "max-age=600" if self.path == "/kept.js" else "no-cache")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def site(port: int) -> Iterator[str]:
    """Serve the files, as another server of the next test does at the same address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Site) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            server.shutdown()


def visit(page: Page, url: str) -> Page:
    page.goto(url)
    expect(page).to_have_title("ready")
    return page


@pytest.mark.parametrize("options", [{}, {"locale": "zh-CN"}], ids=["first", "another"])
def test_files_are_kept_and_nothing_that_a_page_has_left(profiles: Profiles, options: Dict[str, Any]) -> None:
    profile = profiles.take(**options)
    with lasting_port() as port:
        with site(port) as url:
            page = visit(profile.new_page(), url)
            page.evaluate(LEAVE)
            profile.context.set_offline(True)
            assert page.evaluate(FIND) == ["left=1", *["left"] * 4, "worker", "offline"]
            with pytest.raises(PageError):
                # What is seen instead is of no site.
                page.goto("http://127.0.0.1:1/")
            profile.forget()
            assert page.is_closed()
        Site.asked.clear()
        with site(port) as url:
            assert visit(profile.new_page(), url).evaluate(FIND) == []
            assert "/" in Site.asked
            assert "/kept.js" not in Site.asked
            profile.forget()


def test_each_tab_of_a_test_has_a_browser_of_its_own(open_tab: OpenTab) -> None:
    with lasting_port() as port, site(port) as url:
        open_tab(url, ready="h1").page.evaluate(LEAVE)
        for options in ({}, {"locale": "zh-CN"}, {"locale": "zh-CN"}):
            assert open_tab(url, ready="h1", **options).page.evaluate(FIND) == []
