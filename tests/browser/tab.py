"""A page as tests see it: with a record of what it did."""

from __future__ import annotations

import json
import os
import pathlib
import time
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, Request, Response

from ..conftest import GUARD_LOG
from ..waiting import LIMIT

ARTIFACTS = pathlib.Path(__file__).parents[1] / "artifacts" / os.environ.get("TEST_ENVIRONMENT", "")

STOPS = "/jupyter-notebook-stop/"

NOTEBOOKS_OWN = {
    "7.2": "Cannot convert undefined or null to object",
    "7.6": "Cannot read properties of undefined (reading 'schema')",
}
"""What Notebooks complain about by themselves when their tree opens; test_outside.py shows that it is not ours."""


class Tab:
    """A page with a record of what it asked for, what came to nothing, and what it complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[tuple[float, str]] = []
        self.failures: list[str] = []
        self.complaints: list[str] = []
        self.exchanges: list[str] = []
        page.on("request", self._note)
        page.on("requestfailed", lambda request: self.failures.append(f"{request.failure} {request.url}"))
        page.on("response", self._judge)
        page.on("requestfinished", lambda request: self._record(request, "answered"))
        page.on("websocket", lambda socket: self.requests.append((time.monotonic(), socket.url)))
        page.on("console", lambda message: self._complain(message.type, message.text))
        page.on("pageerror", lambda error: self._complain("error", str(error)))

    def _note(self, request: Request) -> None:
        self.requests.append((time.monotonic(), request.url))
        self._record(request, request.post_data or "" if STOPS in request.url else "")
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("127.0.0.1", "localhost"):
            with GUARD_LOG.open("a", encoding="utf-8") as file:
                file.write(f"browser {request.url}\n")

    def _record(self, request: Request, what: str) -> None:
        if STOPS in request.url or "/api/" in request.url:
            self.exchanges.append(f"{time.strftime('%H:%M:%S')} {request.method} {request.url} {what}")

    def _judge(self, response: Response) -> None:
        if response.status >= 400:
            self.failures.append(f"{response.status} {response.url}")

    def _complain(self, kind: str, text: str) -> None:
        own = text in NOTEBOOKS_OWN.values() and "/lab" not in urlsplit(self.page.url).path
        if kind == "error" and not own:
            self.complaints.append(f"{kind}: {text}")

    def requests_since(self, moment: float) -> list[str]:
        return [url for when, url in self.requests if when > moment and not url.startswith(("data:", "blob:"))]

    def wait_until_it_listens(self) -> None:
        """Wait until the page has its socket for the server's events."""
        limit = time.monotonic() + LIMIT
        while not any("/api/events/subscribe" in url for _, url in self.requests):
            assert time.monotonic() < limit, "the page does not listen"
            self.page.wait_for_timeout(100)

    def screenshot(self, name: str, part: Locator | None = None) -> None:
        """Take a picture of the page, or of a part of it."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        (part or self.page).screenshot(path=ARTIFACTS / f"{name}.png")


def frontend(page: Page) -> str | None:
    """Return the name and version of the frontend, as its page tells them."""
    config = page.locator("#jupyter-config-data")
    if config.count() == 0:
        return None
    told = json.loads(config.first.text_content() or "{}")
    return f"{told.get('appName')} {told.get('appVersion')}"
