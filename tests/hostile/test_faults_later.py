"""Keys and clocks that turn bad, and a yes that nothing follows."""

from __future__ import annotations

import asyncio
from typing import Any, Callable

import pytest

from jupyter_notebook_stop.errors import (
    CredentialsError,
    OutcomeUnknownError,
    StopFailedError,
)
from jupyter_notebook_stop.notebook.local_api import error_of
from jupyter_notebook_stop.policy import watch
from jupyter_notebook_stop.policy.instance import ThisInstance
from jupyter_notebook_stop.schema import STOPPED
from jupyter_notebook_stop.simulator import Empty, Reset, SkewedDate, ThreadedSimulator

from ..waiting import until_async
from .matrix import FINE, Meanwhile, Outcome
from .trial import OPERATIONS, attempt, judge, judge_log, run

pytestmark = pytest.mark.usefixtures("short_pauses")


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
        judge(await attempt(this, "show"), REFUSED)
        # The stop is followed; that must not use up the failures that a key may have.
        await asyncio.sleep(0.3)
        assert simulator.count("stop") == 1
        judge_log(simulator)
        assert this.attempt is not None
        this.attempt.phase = STOPPED
        # Or the next stop could join a read of who follows this one, which began with the bad keys.
        await this.reader.aclose()

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
        await until_async(lambda: this.attempt is not None and this.attempt.error is not None)
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
