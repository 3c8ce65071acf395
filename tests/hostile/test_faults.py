"""The fault matrix: in every case the one right outcome, in bounded time, and nothing is sent twice on a guess."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from typing import Any, Awaitable, Callable, Optional, Type

import pytest

from jupyter_notebook_stop import watch
from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.errors import (
    CredentialsError,
    NotebookStopError,
    OutcomeUnknownError,
    StopFailedError,
    UnreachableError,
)
from jupyter_notebook_stop.instance import ThisInstance
from jupyter_notebook_stop.modelarts.connection import Connection
from jupyter_notebook_stop.notebook.local_api import error_of
from jupyter_notebook_stop.schema import ACCEPTED, STOPPED, Attempt
from jupyter_notebook_stop.simulator import Empty, Fault, Reset, SkewedDate, ThreadedSimulator

from ..conftest import instance_environment
from ..unit.conftest import REAL_HOST, Proxy
from .conftest import Secure, full_backlog, never_blocked
from .matrix import CASES, DOUBTFUL, ERRORS, FINE, Case, Meanwhile, Outcome, TakenLate, error_cases
from .secrecy import whole

pytestmark = pytest.mark.usefixtures("short_pauses")

BOUND = 8.0
"""Nothing takes longer than this, in seconds; the limit for one operation is set to 2.5."""

Recover = Callable[[], Any]


async def attempt(this: ThisInstance, operation: str) -> Optional[NotebookStopError]:
    """Show or stop; return what went wrong."""
    try:
        if operation == "show":
            assert (await this.show()).status
        else:
            assert (await this.stop(Attempt(save="none"))).phase in (ACCEPTED, STOPPED)
    except NotebookStopError as error:
        return error
    return None


def judge(error: Optional[NotebookStopError], outcome: Outcome) -> None:
    if error is not None:
        logging.getLogger(__name__).debug("%s", whole(error))
    if outcome.kind is None:
        assert error is None
        return
    assert error is not None
    assert isinstance(error, outcome.kind), repr(error)
    assert (error.code, error.status) == (outcome.code, outcome.status)
    assert error.message
    assert error.remedy, "a user must be told what to do"
    assert len(str(error)) < 2000


def judge_log(simulator: ThreadedSimulator) -> None:
    """Assert what holds in every case: no stop after one that was taken, and one 401 at most."""
    stops = [request for request in simulator.requests if request.operation == "stop"]
    assert not any(each.took_effect for each in stops[:-1]), "a stop was sent again although the first had been taken"
    statuses = {each.status for each in stops[:-1]}
    assert statuses <= {429, 503}, "a stop was sent again that may be taken yet"
    assert sum(request.status == 401 for request in simulator.requests) <= 1


def run(
    simulator: ThreadedSimulator,
    act: Callable[[ThisInstance], Awaitable[None]],
    recover: Recover,
    **environment: str,
) -> None:
    """Let something go wrong; then, in the same process, the next stop works."""

    async def main() -> None:
        config = NotebookStop(connect_timeout=0.4, read_timeout=0.6, total_timeout=2.5, poll_interval=0.02)
        given = {**instance_environment(simulator), **environment}
        this = ThisInstance(Connection(config, environ=given, hostname="somewhere"))
        try:
            async with never_blocked():
                began = time.monotonic()
                await act(this)
                assert time.monotonic() - began < BOUND
                judge_log(simulator)
                recover()
                if simulator.instance.status in ("STOPPING", "STOPPED"):
                    for _ in range(200):
                        if this.attempt is None or this.attempt.phase != ACCEPTED:
                            break
                        await asyncio.sleep(0.02)
                    simulator.instance.status = "RUNNING"
                simulator.requests.clear()
                assert await attempt(this, "stop") is None
                assert [each.operation for each in simulator.requests if each.operation == "stop"] == ["stop"]
                assert simulator.requests[-1].took_effect
                assert simulator.instance.status in ("STOPPING", "STOPPED")
        finally:
            await this.aclose()

    asyncio.run(main())


async def suffer(this: ThisInstance, simulator: ThreadedSimulator, case: Case) -> None:
    """Let the case happen, and judge what comes of it."""
    simulator.faults.clear()
    simulator.requests.clear()
    simulator.faults.add(case.operation, case.faults, case.times)
    began = time.monotonic()
    judge(await attempt(this, case.operation), case.outcome)
    assert time.monotonic() - began >= case.least
    assert simulator.count(case.operation) == case.sent or not case.sent
    taken = [request for request in simulator.requests if request.operation == "stop" and request.took_effect]
    assert len(taken) == case.taken
    judge_log(simulator)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operation}-{case.name}")
def test_what_the_cloud_does(simulator: ThreadedSimulator, case: Case) -> None:
    async def act(this: ThisInstance) -> None:
        await this.show()
        await suffer(this, simulator, case)

    run(simulator, act, simulator.faults.clear)


@pytest.mark.parametrize("fault", DOUBTFUL, ids=repr)
def test_a_stop_that_is_taken_late_was_sent_once(simulator: ThreadedSimulator, fault: Fault) -> None:
    async def act(this: ThisInstance) -> None:
        simulator.faults.add("stop", [TakenLate(simulator.instance.stop, seconds=1.0), fault], times=None)
        error = await attempt(this, "stop")
        assert isinstance(error, OutcomeUnknownError), repr(error)
        assert "still RUNNING; it may still stop" in error.message
        for _ in range(200):
            if simulator.instance.status == "STOPPED":
                break
            await asyncio.sleep(0.02)
        assert (await this.show()).status == "STOPPED"
        assert simulator.count("stop") == 1

    run(simulator, act, simulator.faults.clear)


OPERATIONS = ["show", "stop"]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("status", "code", "kind"), ERRORS)
def test_every_error_in_every_shape(
    simulator: ThreadedSimulator, status: int, code: str, kind: Type[NotebookStopError], operation: str
) -> None:
    cases = error_cases(operation, status, code, kind)
    assert len(cases) == 7

    async def act(this: ThisInstance) -> None:
        for case in cases:
            await suffer(this, simulator, case)

    async def act_alone(this: ThisInstance) -> None:
        await suffer(this, simulator, cases.pop())

    if status != 401:
        run(simulator, act, simulator.faults.clear)
        return
    # A 401 stands for a while: each shape needs a process of its own to be seen.
    while cases:
        run(simulator, act_alone, simulator.faults.clear)
        simulator.instance.status = "RUNNING"


def test_there_are_enough_cases() -> None:
    names = {(case.operation, case.name) for case in CASES}
    assert len(names) == len(CASES) > 50


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_name_that_nobody_knows(
    simulator: ThreadedSimulator, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    resolve = socket.getaddrinfo
    known: list[str] = []

    def unknown(host: Any, *arguments: Any, **options: Any) -> Any:
        if host in ("localhost", b"localhost") and not known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    async def act(this: ThisInstance) -> None:
        judge(await attempt(this, operation), Outcome(UnreachableError, "connect"))
        assert simulator.count() == 0

    run(simulator, act, lambda: known.append("now"), MODELARTS_ENDPOINT=f"http://localhost:{simulator.port}")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_name_that_takes_long_to_look_up(
    simulator: ThreadedSimulator, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    resolve = socket.getaddrinfo
    known: list[str] = []

    def slow(host: Any, *arguments: Any, **options: Any) -> Any:
        if host in ("localhost", b"localhost") and not known:
            time.sleep(1.5)
        return resolve(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)

    async def act(this: ThisInstance) -> None:
        judge(await attempt(this, operation), Outcome(UnreachableError, "connect_timeout"))
        assert simulator.count() == 0

    run(simulator, act, lambda: known.append("now"), MODELARTS_ENDPOINT=f"http://localhost:{simulator.port}")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nobody_listens(simulator: ThreadedSimulator, operation: str) -> None:
    async def act(this: ThisInstance) -> None:
        simulator.stop()
        judge(await attempt(this, operation), Outcome(UnreachableError, "connect"))
        assert simulator.count() == 0

    run(simulator, act, simulator.start)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nobody_lets_in(simulator: ThreadedSimulator, operation: str) -> None:
    with contextlib.ExitStack() as stack:

        async def act(this: ThisInstance) -> None:
            simulator.stop()
            stack.enter_context(full_backlog(simulator.port))
            judge(await attempt(this, operation), Outcome(UnreachableError, "connect_timeout"))
            assert simulator.count() == 0

        def recover() -> None:
            stack.close()
            simulator.start()

        run(simulator, act, recover)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("certificate", ["self_signed", "expired", "wrong_host"])
def test_a_certificate_that_proves_nothing(secure: Secure, certificate: str, operation: str) -> None:
    async def act(this: ThisInstance) -> None:
        secure.show(certificate)
        judge(await attempt(this, operation), Outcome(UnreachableError, "tls"))
        assert secure.simulator.count() == 0, "no key is shown to whoever that is"

    run(secure.simulator, act, lambda: secure.show("good"))


@pytest.fixture
def proxied(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    monkeypatch.setenv("https_proxy", proxy.url)
    return proxy


PROXY_ANSWERS = {
    "refuses": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
    "wants-a-password": b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n'
    b"Content-Length: 6\r\n\r\n<html>",
    "is-out-of-order": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("answer", PROXY_ANSWERS)
def test_a_proxy_in_the_way(secure: Secure, proxied: Proxy, answer: str, operation: str) -> None:
    async def act(this: ThisInstance) -> None:
        proxied.answer = PROXY_ANSWERS[answer]
        error = await attempt(this, operation)
        judge(error, Outcome(UnreachableError, "proxy"))
        assert error is not None
        assert "https_proxy" in str(error.remedy)
        assert len(proxied.asked) == 1
        assert secure.simulator.count() == 0

    def recover() -> None:
        proxied.target = secure.simulator.port

    run(secure.simulator, act, recover, MODELARTS_ENDPOINT=f"https://{REAL_HOST}")


class Keys:
    """The stand-in's keys, taken away and given back."""

    def __init__(self, simulator: ThreadedSimulator) -> None:
        self._simulator = simulator
        self.take_away: dict[str, Callable[[], Any]] = {
            "expire": lambda: simulator.keys.expire(simulator.access_key),
            "are-revoked": lambda: simulator.keys.revoke(simulator.access_key),
        }

    def give_back(self) -> None:
        simulator = self._simulator
        simulator.faults.clear()
        simulator.keys.add(simulator.access_key, simulator.secret_key, simulator.security_token)


WAYS = ["expire", "are-revoked"]
REFUSED = Outcome(CredentialsError, "APIGW.0301", 401)


@pytest.fixture
def keys(simulator: ThreadedSimulator) -> Keys:
    return Keys(simulator)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("way", WAYS)
def test_keys_that_are_bad_by_now(simulator: ThreadedSimulator, keys: Keys, way: str, operation: str) -> None:
    async def act(this: ThisInstance) -> None:
        await this.show()
        keys.take_away[way]()
        judge(await attempt(this, operation), REFUSED)
        # Whoever looks at the page meanwhile does not cost a second one.
        judge(await attempt(this, "show"), REFUSED)

    run(simulator, act, keys.give_back)


@pytest.mark.parametrize("way", WAYS)
def test_keys_that_turn_bad_between_the_look_and_the_stop(simulator: ThreadedSimulator, keys: Keys, way: str) -> None:
    async def act(this: ThisInstance) -> None:
        simulator.faults.add("show", Meanwhile(keys.take_away[way]))
        judge(await attempt(this, "stop"), REFUSED)
        assert simulator.count("stop") == 1
        judge(await attempt(this, "show"), REFUSED)

    run(simulator, act, keys.give_back)


@pytest.mark.parametrize("way", WAYS)
def test_keys_that_turn_bad_while_a_stop_is_taken(simulator: ThreadedSimulator, keys: Keys, way: str) -> None:
    async def act(this: ThisInstance) -> None:
        simulator.faults.add("stop", [Meanwhile(keys.take_away[way]), Reset(when="after")])
        judge(await attempt(this, "stop"), Outcome(OutcomeUnknownError, "outcome_unknown"))
        assert simulator.count("stop") == 1
        judge(await attempt(this, "show"), REFUSED)

    run(simulator, act, keys.give_back)


@pytest.mark.parametrize("way", WAYS)
def test_keys_that_turn_bad_with_a_yes_without_a_body(simulator: ThreadedSimulator, keys: Keys, way: str) -> None:
    async def act(this: ThisInstance) -> None:
        simulator.faults.add("stop", [Meanwhile(keys.take_away[way]), Empty(takes_effect=True)])
        assert await attempt(this, "stop") is None
        # The stop is followed; that must not use up the failures that a key may have.
        await asyncio.sleep(0.3)
        assert simulator.count("stop") == 1
        judge_log(simulator)
        assert this.attempt is not None
        this.attempt.phase = STOPPED

    run(simulator, act, keys.give_back)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "STILL_RUNNING_LIMIT", 0.1)


@pytest.mark.parametrize("status", [200, 201, 204])
@pytest.mark.usefixtures("impatient")
def test_a_yes_that_nothing_follows(simulator: ThreadedSimulator, status: int) -> None:
    async def act(this: ThisInstance) -> None:
        simulator.faults.add("stop", Empty(status))
        assert await attempt(this, "stop") is None
        for _ in range(100):
            await asyncio.sleep(0.02)
            if this.attempt is not None and this.attempt.error is not None:
                break
        assert this.attempt is not None
        assert this.attempt.phase == "resumed"
        assert this.attempt.error is not None
        judge(error_of(this.attempt.error), Outcome(StopFailedError, "stop_failed"))
        assert simulator.count("stop") == 1

    run(simulator, act, simulator.faults.clear)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("minutes", [-16, 16, 600])
def test_a_clock_that_is_off(simulator: ThreadedSimulator, minutes: int, operation: str) -> None:
    async def act(this: ThisInstance) -> None:
        simulator.settings.clock_skew = minutes * 60.0
        error = await attempt(this, operation)
        judge(error, Outcome(CredentialsError, "clock_skew", 401))
        assert error is not None
        assert f"{abs(minutes)} minutes {'behind' if minutes > 0 else 'ahead'}" in str(error.remedy)

    def recover() -> None:
        simulator.settings.clock_skew = 0.0

    run(simulator, act, recover)


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_that_is_off_a_little_is_not_to_blame(simulator: ThreadedSimulator, keys: Keys, minutes: int) -> None:
    async def act(this: ThisInstance) -> None:
        simulator.faults.add("any", SkewedDate(minutes * 60.0), times=None)
        judge(await attempt(this, "show"), FINE)
        keys.take_away["expire"]()
        judge(await attempt(this, "show"), REFUSED)

    run(simulator, act, keys.give_back)
