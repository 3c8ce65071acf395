"""The pauses after a 401: how long the same credentials wait, and when the sources are asked for others."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, Optional

import httpx
import pytest

from jupyter_notebook_stop.errors import CredentialsError
from jupyter_notebook_stop.modelarts import auth
from jupyter_notebook_stop.modelarts.auth import CREDENTIALS_EXTENSION, CloudAuth
from jupyter_notebook_stop.modelarts.credentials import Credentials
from jupyter_notebook_stop.redaction import Secret

PROJECT = "0123456789abcdef0123456789abcdef"


def keys(name: str = "first", **more: Any) -> Credentials:
    return Credentials(source="test", access_key=Secret(name), secret_key=Secret(f"secret of {name}"), **more)


class Requests:
    """Makes requests with an auth by a clock of its own; counts how the sources are asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.asked = self.asked_anew = 0
        self.keys = keys()
        self.auth = CloudAuth(self, PROJECT)  # type: ignore[arg-type]
        monkeypatch.setattr(auth, "time", SimpleNamespace(monotonic=lambda: self.now))

    async def get(self, *, renew: bool = False) -> Credentials:
        """Return the credentials, as the chain does."""
        self.asked += 1
        self.asked_anew += renew
        return self.keys

    def send(self, status: int = 200) -> Optional[httpx.Request]:
        """Return the request as it was sent, or None if the credentials wait."""

        async def main() -> httpx.Request:
            flow = self.auth.async_auth_flow(httpx.Request("GET", "https://cloud.example/v1"))
            request = await flow.__anext__()
            with pytest.raises(StopAsyncIteration):
                await flow.asend(httpx.Response(status))
            return request

        try:
            return asyncio.run(main())
        except CredentialsError:
            return None


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Requests:
    return Requests(monkeypatch)


def waits_at(requests: Requests, seconds: float) -> bool:
    requests.now += seconds
    return requests.send() is None


def test_the_same_credentials_wait_for_ten_seconds(requests: Requests) -> None:
    assert requests.send(401)
    assert waits_at(requests, 0.0)
    assert waits_at(requests, 9.75)
    assert not waits_at(requests, 0.25)


def test_each_further_401_makes_the_pause_six_times_longer_up_to_a_limit(requests: Requests) -> None:
    pause = 10.0
    for rejections in range(9):
        assert requests.send(401), rejections
        requests.now += pause - 0.5
        assert requests.send() is None, rejections
        requests.now += 0.5
        pause = pause * 6.0 if rejections < 6 else pause
    assert pause == 10.0 * 6.0**6


def test_a_success_ends_the_series(requests: Requests) -> None:
    requests.send(401)
    requests.now += 10.0
    requests.send(401)
    requests.now += 60.0
    assert requests.send(200)
    assert requests.auth.rejection is None
    requests.send(401)
    assert waits_at(requests, 9.75)
    assert not waits_at(requests, 0.25)


@pytest.mark.parametrize("status", [403, 429, 500])
def test_another_error_neither_begins_a_pause_nor_ends_the_series(requests: Requests, status: int) -> None:
    assert requests.send(status)
    assert requests.send(401)
    requests.now += 10.0
    assert requests.send(status)
    assert requests.send(401)
    assert waits_at(requests, 59.75)
    assert not waits_at(requests, 0.25)


def test_the_sources_are_asked_every_two_seconds_for_others(requests: Requests) -> None:
    requests.send(401)
    requests.now += 1.75
    assert requests.send() is None
    assert requests.asked_anew == 0
    requests.now += 0.25
    assert requests.send() is None
    assert requests.asked_anew == 1
    requests.now += 1.75
    assert requests.send() is None
    assert requests.asked_anew == 1
    requests.now += 0.25
    assert requests.send() is None
    assert requests.asked_anew == 2


def test_as_long_as_all_is_well_nothing_is_asked_anew(requests: Requests) -> None:
    requests.send()
    requests.send()
    assert (requests.asked, requests.asked_anew) == (2, 0)


def test_other_credentials_are_sent_at_once(requests: Requests) -> None:
    requests.send(401)
    requests.keys = keys("second")
    requests.now += 2.0
    request = requests.send()
    assert request is not None
    assert request.extensions[CREDENTIALS_EXTENSION] is requests.keys
    assert "Access=second," in request.headers["Authorization"]


def test_another_expiry_alone_makes_no_other_credentials(requests: Requests) -> None:
    requests.send(401)
    requests.keys = keys(expires_at=5000.0)
    requests.now += 2.0
    assert requests.send() is None


def test_a_retry_by_hand_asks_and_sends_at_once(requests: Requests) -> None:
    requests.send(401)
    requests.auth.retry()
    assert requests.send(401)
    assert requests.asked_anew == 1
    assert waits_at(requests, 59.75), "a retry does not shorten the next pause"
    assert not waits_at(requests, 0.25)


def test_the_error_that_is_raised_again_does_not_grow(requests: Requests) -> None:
    requests.send(401)

    def depth() -> int:
        with pytest.raises(CredentialsError) as caught:
            asyncio.run(requests.auth.credentials())
        return len(caught.traceback)

    first = depth()
    assert [depth() for _ in range(3)] == [first] * 3
    requests.now += 2.0
    first = depth()
    requests.now += 2.0
    assert depth() == first


def test_what_was_refused_is_named_with_its_status(requests: Requests) -> None:
    requests.send(401)
    assert requests.auth.rejection is not None
    assert requests.auth.rejection.status == 401


def test_a_token_goes_alone(requests: Requests) -> None:
    requests.keys = Credentials(
        source="test", auth_token=Secret("a token"), access_key=Secret("x"), secret_key=Secret("y")
    )
    request = requests.send()
    assert request is not None
    assert request.headers["X-Auth-Token"] == "a token"
    assert not {"authorization", "x-sdk-date", "x-project-id"} & set(request.headers)


@pytest.mark.parametrize("missing", ["access_key", "secret_key"])
def test_half_a_pair_of_keys_is_not_sent(requests: Requests, missing: str) -> None:
    pair: dict[str, Any] = {"access_key": Secret("x"), "secret_key": Secret("y"), missing: None}
    requests.keys = Credentials(source="the test's half", **pair)
    with pytest.raises(CredentialsError, match=r"the test's half: the keys are incomplete\."):
        asyncio.run(requests.auth.async_auth_flow(httpx.Request("GET", "https://cloud.example/v1")).__anext__())


def test_what_is_signed(requests: Requests) -> None:
    requests.keys = keys(security_token=Secret("a token"))
    request = requests.send()
    assert request is not None
    assert request.headers["X-Project-Id"] == PROJECT
    assert request.headers["X-Security-Token"] == "a token"
    assert "SignedHeaders=host;x-project-id;x-sdk-date;x-security-token," in request.headers["Authorization"]
