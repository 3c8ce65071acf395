"""The browser of a user that outlives tests: a page costs less where its files and their compiled code are kept."""

from __future__ import annotations

import contextlib
from typing import Any, Iterable, Iterator
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Route

from ..waiting import LIMIT

USUAL: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 860},
    # What moves is drawn sixty times a second, by the processor; test_accessibility.py looks at it.
    "reduced_motion": "reduce",
}


MOST = 2
"""As many profiles besides the first stay, each with a process of its own."""

SHARED = "--process-per-site"
"""A page of a profile has the process of the one before, and what that has compiled."""

SHORT_LIVED = (
    # No page of a test lives long enough to make up for what compiling its code once more, for speed, takes,
    *("--no-opt", "--no-maglev"),
    # nor for what many small searches for garbage take, on threads that wait for each other.
    *("--min-semi-space-size=64", "--max-semi-space-size=128", "--initial-heap-size=256", "--single-threaded-gc"),
)
"""Options of the engine that runs a page's code."""


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
        One that nobody else has pages in.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        context.set_default_timeout(LIMIT * 1000)
        # A page that stays, because what sites have left is cleared by way of a page.
        self._blank = context.pages[0] if context.pages else context.new_page()
        self._blank.route("**/*", _answer_nothing)
        self._session = context.new_cdp_session(self._blank)
        self._visited: list[str] = []
        # Whoever opens it: a test, or another page.
        context.on("page", self._note)
        self.taken = False

    def new_page(self) -> Page:
        self.taken = True
        return self.context.new_page()

    def _note(self, page: Page) -> None:
        page.on("framenavigated", lambda frame: self._visited.append(frame.url))

    def forget(self) -> None:
        """Close all tabs, and leave nothing that another server's page could find."""
        # What the browser shows where a server does not answer is of no site.
        sites = [parts for parts in map(urlsplit, self._visited) if parts.scheme in ("http", "https")]
        origins = {f"{parts.scheme}://{parts.netloc}": None for parts in sites}
        if origins:
            # Or the process would end with the last page of its origin.
            self._blank.goto([*origins][-1])
        for page in self.context.pages:
            if page != self._blank:
                page.close()
        self.context.unroute_all()
        self.context.set_offline(False)
        self.context.clear_permissions()
        self.context.clear_cookies()
        for origin in origins:
            self._session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        self._visited.clear()
        self.taken = False


def _answer_nothing(route: Route) -> None:
    route.fulfill(content_type="text/html", body="")


class Profiles:
    """Profiles of which each test takes as many as it has browsers.

    Parameters
    ----------
    context
        That of a browser that was launched for it, for the first: in any other, Chromium keeps no compiled code when a
        page's process has ended.
    """

    def __init__(self, context: BrowserContext) -> None:
        assert context.browser
        self.browser: Browser = context.browser
        self.first = Profile(context)
        self._others: list[tuple[dict[str, Any], Profile]] = []

    def take(self, **options: Any) -> Profile:
        """Return a profile with options of a browser context that no one has taken."""
        if not options and not self.first.taken:
            return self.first
        for known, profile in self._others:
            if known == options and not profile.taken:
                return profile
        profile = Profile(new_context(self.browser, **options))
        self._others.append((options, profile))
        return profile

    def give_back(self, profiles: Iterable[Profile]) -> None:
        """Have some forget that were taken, and keep no more than a test may need soon."""
        for profile in profiles:
            profile.forget()
        spare = [one for one in self._others if not one[1].taken][MOST:]
        for one in spare:
            one[1].context.close()
            self._others.remove(one)


@contextlib.contextmanager
def launch(playwright: Playwright, path: str, options: list[str]) -> Iterator[Profiles]:
    """Yield the profiles of a browser."""
    arguments = [*options, SHARED, f"--js-flags={' '.join(SHORT_LIVED)}"]
    # In a folder that goes with the browser.
    context = playwright.chromium.launch_persistent_context(
        "", executable_path=path, headless=True, args=arguments, **USUAL
    )
    yield Profiles(context)
    context.close()
