"""How a stop ends, as whoever follows it is told."""

from __future__ import annotations

import asyncio
import datetime
from typing import AsyncIterator

import pytest

from jupyter_notebook_stop import Instance, InstanceStateError, NotebookStopError, StopFailedError
from jupyter_notebook_stop.notebook.follow import follow
from jupyter_notebook_stop.notebook.progress import ProgressUpdate
from jupyter_notebook_stop.schema import Attempt, Problem

ID = "00000000-51d0-4000-8000-000000000001"


def seen(status: str | None, phase: str | None = None, error: Problem | None = None) -> Instance:
    now = datetime.datetime.now(datetime.timezone.utc)
    attempt = Attempt(id="a", phase=phase, source="cell", save="all", started_at=now, error=error) if phase else None
    return Instance(id=ID, status=status, attempt=attempt)


def end(*instances: Instance) -> Instance:
    """Follow a stop that looks like this, and return what is returned; all that was seen has been shown."""
    shown: list[ProgressUpdate] = []

    async def each() -> AsyncIterator[Instance]:
        for instance in instances:
            yield instance

    result = asyncio.run(follow(each(), shown.append))
    assert [update.instance for update in shown] == list(instances)
    return result


@pytest.mark.parametrize(
    "instances",
    [
        [seen("STOPPED")],
        [seen("STOPPING"), seen("STOPPED")],
        [seen("RUNNING", "saving"), seen("RUNNING", "accepted"), seen("STOPPING", "accepted"), seen(None, "stopped")],
        # The status can come before the end of the attempt.
        [seen("STOPPED", "accepted"), seen("STOPPED", "stopped")],
        # An unknown state is not the end of a stop.
        [seen("STOPPING"), seen("NOVEL"), seen(None), seen("STOPPED")],
        # Nor is it a reason to believe that nothing is stopping.
        [seen("NOVEL"), seen(None), seen("STOPPING"), seen("STOPPED")],
        # The server went with its instance.
        [seen("STOPPING", "accepted")],
    ],
)
def test_it_stops(instances: list[Instance]) -> None:
    assert end(*instances) is instances[-1]


@pytest.mark.parametrize(
    "instances",
    [
        [seen("STOPPING"), seen("RUNNING")],
        [seen("STOPPING"), seen("ERROR")],
        [seen("RUNNING", "accepted"), seen("RUNNING", "resumed")],
    ],
)
def test_it_does_not_stop(instances: list[Instance]) -> None:
    with pytest.raises(StopFailedError):
        end(*instances)


@pytest.mark.parametrize("phase", ["refused", "cancelled", "resumed"])
def test_the_reason_is_raised(phase: str) -> None:
    problem = Problem(code="ModelArts.0112", message="Not allowed.")
    with pytest.raises(NotebookStopError, match="Not allowed") as refusal:
        end(seen("RUNNING", "saving"), seen("RUNNING", phase, problem))
    assert refusal.value.code == "ModelArts.0112"


@pytest.mark.parametrize("status", ["RUNNING", "STARTING", "INIT", "ERROR", "FROZEN", None])
def test_nothing_is_stopping(status: str | None) -> None:
    with pytest.raises(InstanceStateError) as error:
        end(seen(status))
    assert (error.value.state, error.value.code) == (status, "state_not_stopping")


@pytest.mark.parametrize("status", ["RUNNING", "ERROR"])
def test_an_unknown_state_that_ends_otherwise_was_no_stop(status: str) -> None:
    with pytest.raises(InstanceStateError):
        end(seen("NOVEL"), seen(status))
