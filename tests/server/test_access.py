"""Who may do what: Jupyter's own authentication and authorisation guard every verb."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from tornado.httpclient import HTTPClientError

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .conftest import Fetch

VERBS = [
    ("GET", ["instance"], None),
    ("POST", ["stop"], {"instance_id": "x"}),
    ("DELETE", ["stop", "a1"], None),
    ("PUT", ["stop", "a1", "tabs", "t1"], {"state": "here"}),
]


class Denying(Authorizer):
    """Allows all but what the extension guards."""

    asked: list[tuple[str, str]] = []  # noqa: RUF012 - shared on purpose: the test reads it

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        self.asked.append((action, resource))
        return resource != "jupyter_notebook_stop"


@pytest.fixture
def denying(jp_server_config: dict[str, Any]) -> type[Denying]:
    jp_server_config["ServerApp"]["authorizer_class"] = Denying
    Denying.asked.clear()
    return Denying


@pytest.mark.parametrize(("method", "path", "body"), VERBS)
async def test_an_authorizer_can_deny_each_verb(
    denying: type[Denying], fetch: Fetch, simulator: ThreadedSimulator, method: str, path: list[str], body: Any
) -> None:
    status, problem = await fetch(method, *path, body=body)
    assert status == 403
    assert problem["code"] == "http_403"
    action = "read" if method == "GET" else "write"
    assert (action, "jupyter_notebook_stop") in denying.asked
    assert simulator.count() == 0


@pytest.mark.parametrize("token", ["", "token wrong"])
@pytest.mark.parametrize(("method", "path", "body"), VERBS)
async def test_nothing_without_the_right_token(
    fetch: Fetch, simulator: ThreadedSimulator, method: str, path: list[str], body: Any, token: str
) -> None:
    status, _ = await fetch(method, *path, body=body, headers={"Authorization": token})
    assert status == 403
    assert simulator.count() == 0


async def test_a_cookie_without_xsrf_token_is_refused(
    jp_serverapp: Any, jp_fetch: Any, http_server_client: Any, simulator: ThreadedSimulator, jp_base_url: str
) -> None:
    login = await jp_fetch("api", "me")
    cookies = [cookie.partition(";")[0] for cookie in login.headers.get_list("Set-Cookie")]
    for foreign in ({}, {"X-XSRFToken": "wrong"}):
        with pytest.raises(HTTPClientError) as caught:
            await http_server_client.fetch(
                jp_base_url + "jupyter-notebook-stop/stop",
                method="POST",
                body="{}",
                headers={"Cookie": "; ".join(cookies), "Content-Type": "application/json", **foreign},
                request_timeout=20,
            )
        assert caught.value.code == 403
    assert simulator.count() == 0
