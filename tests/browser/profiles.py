"""The browser of a user that outlives tests: a page costs less where its files and their compiled code are kept."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

from ..waiting import LIMIT

USUAL: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 860},
    # What moves is drawn sixty times a second, by the processor; test_accessibility.py looks at it.
    "reduced_motion": "reduce",
}


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Return what is a browser of its own to a page, in which all waiting has the common limit."""
    context = browser.new_context(**{**USUAL, **options})
    context.set_default_timeout(LIMIT * 1000)
    return context


class Profile:
    """A browser with caches that stay, which forgets all else when a test has ended.

    Parameters
    ----------
    context
        That of a browser that was launched for it: in any other, Chromium keeps no compiled code.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        context.set_default_timeout(LIMIT * 1000)
        # A page that stays, because what sites have left is cleared by way of a page.
        self._blank = context.pages[0]
        self._session = context.new_cdp_session(self._blank)
        self._visited: set[str] = set()
        # Whoever opens it: a test, or another page.
        context.on("page", self._note)
        self.taken = False

    def new_page(self) -> Page:
        self.taken = True
        return self.context.new_page()

    def _note(self, page: Page) -> None:
        page.on("framenavigated", lambda frame: self._visited.add(frame.url))

    def forget(self) -> None:
        """Close all tabs, and leave nothing that another server's page could find."""
        for page in self.context.pages:
            if page != self._blank:
                page.close()
        self.context.unroute_all()
        self.context.set_offline(False)
        self.context.clear_permissions()
        self.context.clear_cookies()
        for parts in map(urlsplit, self._visited):
            if parts.netloc:
                site = {"origin": f"{parts.scheme}://{parts.netloc}", "storageTypes": "all"}
                self._session.send("Storage.clearDataForOrigin", site)
        self._visited.clear()
        self.taken = False
