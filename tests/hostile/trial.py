"""How a fault is tried: let it happen, judge what comes of it, and see the next stop work."""

from __future__ import annotations

import asyncio
import logging
import time
from types import MappingProxyType
from typing import Any, Awaitable, Callable, Mapping, Optional

from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.errors import (
    NotebookStopError,
)
from jupyter_notebook_stop.modelarts.connection import Connection
from jupyter_notebook_stop.policy.instance import ThisInstance
from jupyter_notebook_stop.schema import ACCEPTED, STOPPED, Attempt
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from ..waiting import until_async
from .conftest import PATIENT, never_blocked
from .matrix import Case, Outcome
from .secrecy import whole

OPERATIONS = ["show", "stop"]

BOUND = 45.0
"""Nothing takes longer than this, in seconds, on a busy machine: no limit of the patient ones is waited for."""

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
    limits: Mapping[str, float] = MappingProxyType({}),
    **environment: str,
) -> None:
    """Let something go wrong; then, in the same process, the next stop works.

    Parameters
    ----------
    simulator, act, recover
        The cloud; what goes wrong; what ends it.
    limits
        Those that `act` is to reach; none of the others is reached.
    environment
        Of the instance, beside the usual.
    """

    async def main() -> None:
        config = NotebookStop(**{**PATIENT, **limits, "poll_interval": 0.02})
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
                    await until_async(lambda: this.attempt is None or this.attempt.phase != ACCEPTED)
                    simulator.instance.status = "RUNNING"
                simulator.requests.clear()
                assert await attempt(this, "stop") is None
                (stop,) = [each for each in simulator.requests if each.operation == "stop"]
                assert stop.took_effect
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
