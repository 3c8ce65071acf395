"""The course of an attempt: saving and its cancelling, watching to the end, closing."""

from __future__ import annotations

import asyncio
import functools
import ssl
import time
from typing import Any, Awaitable, Callable

import pytest

from jupyter_notebook_stop.errors import (
    CancelledStopError,
    InstanceStateError,
    NotebookStopError,
    SaveError,
    StopFailedError,
)
from jupyter_notebook_stop.modelarts import connection
from jupyter_notebook_stop.policy import watch
from jupyter_notebook_stop.policy.instance import AttemptRun, ThisInstance
from jupyter_notebook_stop.policy.views import problem_of
from jupyter_notebook_stop.schema import ACCEPTED, CANCELLED, REFUSED, RESUMED, SAVING, STOPPED, STOPPING, Attempt, Tab
from jupyter_notebook_stop.simulator import Delay, Refuse, Reset, Unavailable

from ..waiting import until_true
from .conftest import Clock

Prepare = Callable[[Attempt], Awaitable[None]]


async def at_once(attempt: Attempt) -> None:
    return


async def never(attempt: Attempt) -> None:
    await asyncio.Event().wait()


async def unimpressed(attempt: Attempt) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return


async def not_really(seconds: float) -> None:
    await asyncio.sleep(0)


def is_in(attempt: Attempt, phase: str) -> bool:
    return attempt.phase == phase


def test_what_is_prepared_comes_before_the_cloud(simulator: Any, inside: Any) -> None:
    seen: list[Any] = []

    async def prepare(attempt: Attempt) -> None:
        seen.append((attempt.phase, attempt.pending, simulator.count()))

    async def main(instance: ThisInstance) -> None:
        instance.observe(lambda run: seen.append(run.attempt.phase))
        await instance.stop(Attempt(), prepare)

    inside.run(main)
    assert seen[:4] == [SAVING, (SAVING, True, 0), "stopping", ACCEPTED]


def test_without_saving_nothing_is_prepared(simulator: Any, inside: Any) -> None:
    attempt = inside.run(lambda instance: instance.stop(Attempt(save="none"), never))
    assert attempt.phase == ACCEPTED


@pytest.mark.parametrize("prepare", [never, unimpressed])
def test_cancelling_while_saving(simulator: Any, inside: Any, prepare: Prepare) -> None:
    async def main(instance: ThisInstance) -> None:
        attempt = Attempt()
        asking = [asyncio.ensure_future(instance.stop(wanted, prepare)) for wanted in (attempt, Attempt())]
        await until_true(lambda: attempt.phase == SAVING)
        await asyncio.sleep(0.01)
        instance.cancel(attempt.id)
        for answer in await asyncio.gather(*asking, return_exceptions=True):
            assert isinstance(answer, CancelledStopError)
            assert answer.code == "cancelled"
        assert attempt.phase == CANCELLED
        assert simulator.count() == 0
        assert (await instance.stop(Attempt(), at_once)).phase == ACCEPTED

    inside.run(main)


def test_cancelling_in_the_moment_that_saving_ends(simulator: Any, inside: Any) -> None:
    async def main(instance: ThisInstance) -> None:
        attempt = Attempt()

        async def prepare(_: Attempt) -> None:
            # The loop comes to this after `prepare` is done, before whoever waits for it.
            asyncio.get_running_loop().call_soon(instance.cancel, attempt.id)

        with pytest.raises(CancelledStopError):
            await instance.stop(attempt, prepare)
        assert attempt.phase == CANCELLED

    inside.run(main)
    assert simulator.count() == 0, "who was told that it is cancelled has lost the instance"


def test_cancelling_too_late(simulator: Any, inside: Any) -> None:
    simulator.faults.add("show", Delay(0.05))

    async def main(instance: ThisInstance) -> None:
        attempt = Attempt()
        asking = asyncio.ensure_future(instance.stop(attempt, at_once))
        await until_true(lambda: simulator.count("show") == 1)
        for moment in ("stopping", ACCEPTED, STOPPED):
            await until_true(functools.partial(is_in, attempt, moment))
            with pytest.raises(InstanceStateError) as caught:
                instance.cancel(attempt.id)
            assert caught.value.code == "too_late"
        assert (await asking).error is None

    inside.run(main)
    assert simulator.count("stop") == 1


def test_cancelling_what_is_not_there(inside: Any) -> None:
    async def main(instance: ThisInstance) -> None:
        with pytest.raises(KeyError):
            instance.cancel("unknown")
        attempt = Attempt(save="none")
        await instance.stop(attempt)
        with pytest.raises(KeyError):
            instance.cancel("unknown")

    inside.run(main)


class Foreign(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "told", "phase"),
    [
        (SaveError("Two documents could not be saved."), SaveError, CANCELLED),
        (CancelledStopError("No."), CancelledStopError, CANCELLED),
        (NotebookStopError("No."), NotebookStopError, REFUSED),
        (Foreign("sk-secret"), NotebookStopError, REFUSED),
        (asyncio.CancelledError(), CancelledStopError, CANCELLED),
        (asyncio.TimeoutError(), NotebookStopError, REFUSED),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_preparing_that_fails_cancels(
    simulator: Any, inside: Any, error: BaseException, told: type[NotebookStopError], phase: str
) -> None:
    async def prepare(attempt: Attempt) -> None:
        await asyncio.sleep(0)
        raise error

    async def main(instance: ThisInstance) -> None:
        attempt = Attempt()
        with pytest.raises(told) as caught:
            await instance.stop(attempt, prepare)
        assert type(caught.value) is told
        assert "sk-secret" not in str(caught.value)
        assert (attempt.phase, attempt.error) == (phase, problem_of(caught.value))
        assert simulator.count() == 0
        assert (await instance.stop(Attempt(), at_once)).phase == ACCEPTED, "the next one is not held up"

    inside.run(main)


@pytest.mark.parametrize("how", ["RUNNING", "ERROR"])
def test_a_stop_that_fails_after_it_was_accepted(simulator: Any, inside: Any, how: str) -> None:
    simulator.instance.stop_fails_with = how

    async def main(instance: ThisInstance) -> None:
        attempt = await instance.stop(Attempt())
        await until_true(lambda: attempt.phase == RESUMED)
        assert attempt.error is not None
        assert attempt.error.kind == StopFailedError.__name__
        assert f"the instance is {how} now" in attempt.error.message
        assert attempt.error.message.endswith("now: The simulator was asked to let the stop fail.")
        if how == "RUNNING":
            simulator.instance.stop_fails_with = ""
            again = await instance.stop(Attempt())
            assert again is not attempt
            await until_true(lambda: again.phase == STOPPED)

    inside.run(main)


@pytest.mark.parametrize(("limit", "phase"), [(0.05, RESUMED), (60.0, ACCEPTED)])
def test_an_instance_that_never_leaves_running(
    simulator: Any, inside: Any, monkeypatch: pytest.MonkeyPatch, limit: float, phase: str
) -> None:
    monkeypatch.setattr(watch, "STILL_RUNNING_LIMIT", limit)
    simulator.instance.extra["status"] = "RUNNING"

    async def main(instance: ThisInstance) -> None:
        attempt = await instance.stop(Attempt())
        shows = simulator.count("show")
        await until_true(lambda: attempt.phase == RESUMED or simulator.count("show") > shows + 5)
        assert attempt.phase == phase

    inside.run(main)


def test_the_watch_survives_what_goes_wrong_in_between(simulator: Any, inside: Any) -> None:
    async def main(instance: ThisInstance) -> None:
        client = await instance.connection.connect()
        client._sleep = not_really
        attempt = await instance.stop(Attempt())
        simulator.faults.add("show", Reset())
        simulator.faults.add("show", Unavailable(status=500), times=2)
        simulator.faults.add("show", Refuse(403, "ModelArts.0112"), times=2)
        await until_true(lambda: attempt.phase == STOPPED)
        assert attempt.error is None

    inside.run(main, poll_interval=0.002)


def test_what_was_read_before_says_nothing_about_now(
    simulator: Any, inside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(watch, "time", clock)
    simulator.instance.extra["status"] = "RUNNING"

    async def main(instance: ThisInstance) -> None:
        attempt = await instance.stop(Attempt())
        simulator.faults.add("show", Refuse(403, "ModelArts.0112"), times=None)
        shows = simulator.count("show")
        clock.now += 2 * watch.STILL_RUNNING_LIMIT
        await until_true(lambda: simulator.count("show") > shows + 2)
        assert attempt.phase == ACCEPTED, "the instance may have stopped since it was seen RUNNING"
        del simulator.instance.extra["status"]
        simulator.faults.clear()
        await until_true(lambda: attempt.phase == STOPPED)

    inside.run(main, poll_interval=0.002)


def test_a_view_shows_one_moment(inside: Any) -> None:
    async def main(instance: ThisInstance) -> None:
        attempt = await instance.stop(Attempt())
        view = instance.view()
        attempt.tabs.append(Tab(id="late", state="here"))
        await until_true(lambda: attempt.phase == STOPPED)
        assert view.attempt is not None
        assert (view.attempt.phase, view.attempt.tabs) == (ACCEPTED, [])

    inside.run(main)


def test_an_observer_that_fails_disturbs_nobody(inside: Any, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    def broken(run: AttemptRun) -> None:
        raise ZeroDivisionError

    async def main(instance: ThisInstance) -> None:
        instance.observe(broken)
        instance.observe(lambda run: seen.append(run.attempt.phase))
        assert (await instance.stop(Attempt())).phase == ACCEPTED

    inside.run(main)
    assert seen[:2] == ["stopping", ACCEPTED]
    assert "An observer of the stop failed" in caplog.text


@pytest.mark.parametrize("ending", ["it takes too long", "following it fails"])
def test_a_stop_that_is_followed_no_more_is_over(
    simulator: Any, inside: Any, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    simulator.instance.step_seconds = 30.0

    async def main(instance: ThisInstance) -> None:
        attempt = await instance.stop(Attempt())
        if ending == "it takes too long":
            monkeypatch.setattr(watch, "WATCH_LIMIT", 0.05)
        else:
            monkeypatch.setattr(instance.connection, "connect", None)
        await until_true(lambda: attempt.phase == RESUMED)
        assert attempt.error is not None
        assert attempt.error.remedy
        monkeypatch.undo()
        simulator.instance.status = "RUNNING"
        again = await instance.stop(Attempt())
        assert (again.phase, again.id == attempt.id) == (ACCEPTED, False)

    inside.run(main)
    assert simulator.count("stop") == 2


def test_closing_ends_the_watch_and_the_connections(simulator: Any, inside: Any) -> None:
    async def main(instance: ThisInstance) -> None:
        await instance.stop(Attempt())
        client = await instance.connection.connect()
        await instance.aclose()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others
        assert client._transport._http.is_closed
        await instance.aclose()

    inside.run(main)


@pytest.mark.parametrize("moment", ["connecting", "saving", "asking"])
def test_closing_in_the_midst_of_a_stop(
    simulator: Any, inside: Any, monkeypatch: pytest.MonkeyPatch, trusting: ssl.SSLContext, moment: str
) -> None:
    def slowly() -> ssl.SSLContext:
        time.sleep(0.05)
        return trusting

    monkeypatch.setattr(connection, "_load", slowly)
    simulator.faults.add("show", Delay(60.0), times=None)

    async def main(instance: ThisInstance) -> None:
        attempt = Attempt()
        asking = asyncio.ensure_future(instance.stop(attempt, never if moment == "saving" else at_once))
        if moment == "saving":
            await until_true(lambda: attempt.phase == SAVING)
        elif moment == "asking":
            await until_true(lambda: simulator.count() == 1)
        else:
            await until_true(lambda: instance.connection._connecting is not None)
        await instance.aclose()
        answers = await asyncio.gather(asking, return_exceptions=True)
        assert isinstance(answers[0], BaseException)
        assert attempt.phase == (CANCELLED if moment == "saving" else STOPPING), "more is told than is known"
        assert not asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.sleep(0.1)
        assert instance.connection.client is None, "it was made after all"

    inside.run(main)
    assert simulator.count("stop") == 0


def test_a_closed_instance_can_be_used_again(inside: Any) -> None:
    async def main(instance: ThisInstance) -> None:
        await instance.show()
        await instance.aclose()
        assert (await instance.show()).status == "RUNNING"

    inside.run(main)
