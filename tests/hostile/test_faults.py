"""The fault matrix: in every case the one right outcome, in bounded time, and nothing is sent twice on a guess."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any, Type

import pytest

from jupyter_notebook_stop.errors import (
    NotebookStopError,
    OutcomeUnknownError,
    UnreachableError,
)
from jupyter_notebook_stop.policy.instance import ThisInstance
from jupyter_notebook_stop.simulator import Delay, Fault, ThreadedSimulator

from ..unit.conftest import REAL_HOST, Proxy
from ..waiting import until_async
from .conftest import Secure, full_backlog
from .matrix import CASES, CONNECTING, DOUBTFUL, ERRORS, SILENCE, Case, Outcome, error_cases
from .trial import OPERATIONS, attempt, judge, run, suffer

pytestmark = pytest.mark.usefixtures("short_pauses")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operation}-{case.name}")
def test_what_the_cloud_does(simulator: ThreadedSimulator, case: Case) -> None:
    async def act(this: ThisInstance) -> None:
        await this.show()
        await suffer(this, simulator, case)

    run(simulator, act, simulator.faults.clear, case.limits)


@pytest.mark.parametrize("fault", DOUBTFUL, ids=repr)
def test_a_stop_that_is_taken_late_was_sent_once(simulator: ThreadedSimulator, fault: Fault) -> None:
    async def act(this: ThisInstance) -> None:
        simulator.faults.add("stop", fault, times=None)
        error = await attempt(this, "stop")
        assert isinstance(error, OutcomeUnknownError), repr(error)
        assert "still RUNNING; it may still stop" in error.message
        simulator.call(lambda cloud: cloud.instance.stop())
        await until_async(lambda: simulator.instance.status == "STOPPED")
        assert (await this.show()).status == "STOPPED"
        assert simulator.count("stop") == 1

    run(simulator, act, simulator.faults.clear, SILENCE if isinstance(fault, Delay) else {})


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
    known = threading.Event()

    def slow(host: Any, *arguments: Any, **options: Any) -> Any:
        if host in ("localhost", b"localhost"):
            known.wait(600)
        return resolve(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)

    async def act(this: ThisInstance) -> None:
        judge(await attempt(this, operation), Outcome(UnreachableError, "connect_timeout"))
        assert simulator.count() == 0

    endpoint = f"http://localhost:{simulator.port}"
    try:
        run(simulator, act, known.set, CONNECTING, MODELARTS_ENDPOINT=endpoint)
    finally:
        known.set()


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

        run(simulator, act, recover, CONNECTING)


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
