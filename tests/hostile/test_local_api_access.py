"""The local API against who should not be there: nothing reaches the cloud."""

from __future__ import annotations

import json
import time
from typing import Any, Awaitable, Callable, Dict

import pytest
from tornado.httpclient import HTTPClientError
from tornado.web import create_signed_value

from jupyter_notebook_stop.simulator import (
    ThreadedSimulator,
)

from .local_api import VERBS, body_for


class Browser:
    """A page's way to the server: cookies instead of a token."""

    def __init__(self, client: Any, base_url: str, cookies: Dict[str, str], secret: Any) -> None:
        self._client = client
        self._base_url = base_url
        self.cookies = cookies
        self._secret = secret

    def age_login(self, days: float) -> None:
        """Replace the login cookie by one that was made so long ago."""
        for name in self.cookies:
            if name.startswith("username-"):
                user = dict.fromkeys(("username", "name", "display_name", "initials", "color"), "me")
                value = json.dumps({**user, "avatar_url": None})
                made = create_signed_value(self._secret, name, value, clock=lambda: time.time() - days * 86400)
                self.cookies[name] = made.decode()

    async def ask(self, method: str, path: str, body: Any, xsrf: str = "", **headers: str) -> int:
        sent = {"Content-Type": "application/json", **headers}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if xsrf:
            sent["X-XSRFToken"] = xsrf
        data = None if body is None else json.dumps(body)
        url = f"{self._base_url}jupyter-notebook-stop/{path}"
        try:
            response = await self._client.fetch(
                url, method=method, body=data, headers=sent, request_timeout=20, follow_redirects=False
            )
        except HTTPClientError as error:
            return int(error.code)
        return int(response.code)

    @property
    def xsrf(self) -> str:
        return self.cookies["_xsrf"]


LogIn = Callable[[], Awaitable[Browser]]


@pytest.fixture
def log_in(jp_serverapp: Any, jp_fetch: Any, http_server_client: Any, jp_base_url: str) -> LogIn:
    async def make() -> Browser:
        login = await jp_fetch("api", "me")
        pairs = (cookie.partition(";")[0].partition("=") for cookie in login.headers.get_list("Set-Cookie"))
        # Jupyter compares cookie and header alone.
        cookies = {**{name: value for name, _, value in pairs}, "_xsrf": "anything"}
        return Browser(http_server_client, jp_base_url, cookies, jp_serverapp.web_app.settings["cookie_secret"])

    return make


async def test_a_page_that_is_logged_in_gets_in(log_in: LogIn, simulator: ThreadedSimulator) -> None:
    browser = await log_in()
    # Or the refusals below would prove nothing.
    browser.age_login(0)
    assert await browser.ask("GET", "instance", None) == 200
    assert await browser.ask("POST", "stop", body_for(simulator, {}), browser.xsrf) == 202


@pytest.mark.parametrize(("method", "path", "body"), VERBS)
async def test_a_login_that_has_expired(
    log_in: LogIn, simulator: ThreadedSimulator, method: str, path: str, body: Any
) -> None:
    browser = await log_in()
    browser.age_login(40)
    assert await browser.ask(method, path, body_for(simulator, body), browser.xsrf) == 403
    assert simulator.count() == 0


@pytest.mark.parametrize(("method", "path", "body"), VERBS)
async def test_a_login_that_was_forged(
    log_in: LogIn, simulator: ThreadedSimulator, method: str, path: str, body: Any
) -> None:
    browser = await log_in()
    browser._secret = "guessed"
    browser.age_login(0)
    assert await browser.ask(method, path, body_for(simulator, body), browser.xsrf) == 403
    assert simulator.count() == 0


@pytest.mark.parametrize("xsrf", ["", "wrong"])
@pytest.mark.parametrize(("method", "path", "body"), [verb for verb in VERBS if verb[0] != "GET"])
async def test_a_page_without_the_right_xsrf_token(
    log_in: LogIn, simulator: ThreadedSimulator, method: str, path: str, body: Any, xsrf: str
) -> None:
    browser = await log_in()
    assert await browser.ask(method, path, body_for(simulator, body), xsrf) == 403
    assert simulator.count() == 0


@pytest.mark.parametrize(("method", "path", "body"), VERBS)
@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
async def test_a_page_of_another_origin(
    log_in: LogIn, simulator: ThreadedSimulator, method: str, path: str, body: Any, origin: str
) -> None:
    browser = await log_in()
    # Even with cookie and XSRF token; Jupyter hides itself from another origin.
    sent = body_for(simulator, body)
    assert await browser.ask(method, path, sent, browser.xsrf, Origin=origin) == 404
    assert simulator.count() == 0


@pytest.mark.parametrize(("method", "path", "body"), VERBS)
async def test_a_wrong_token_in_the_address(
    log_in: LogIn, simulator: ThreadedSimulator, method: str, path: str, body: Any
) -> None:
    browser = await log_in()
    browser.cookies.clear()
    assert await browser.ask(method, f"{path}?token=guessed", body_for(simulator, body)) == 403
    assert simulator.count() == 0
