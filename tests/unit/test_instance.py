"""The policy of a stop: one at a time, and refused where the state does not allow it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from jupyter_notebook_stop.errors import (
    CancelledStopError,
    CredentialsError,
    IdentityError,
    InstanceStateError,
    NotebookStopError,
    NotInInstanceError,
    OutcomeUnknownError,
    PermissionDeniedError,
)
from jupyter_notebook_stop.policy.instance import ThisInstance
from jupyter_notebook_stop.policy.states import REFUSED_STATES
from jupyter_notebook_stop.policy.views import problem_of
from jupyter_notebook_stop.schema import ACCEPTED, REFUSED, STOPPED, Attempt
from jupyter_notebook_stop.simulator import BrokenJson, Delay, Fault, Redirect, Refuse, Reset

from .conftest import DEADLINES


def stop(instance: ThisInstance) -> Any:
    return instance.stop(Attempt())


async def until(holds: Any) -> None:
    for _ in range(2000):
        if holds():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never came about")


def test_a_stop_from_the_first_request_to_the_end(simulator: Any, inside: Any) -> None:
    phases: list[str] = []

    async def main(instance: ThisInstance) -> None:
        instance.observe(lambda run: phases.append(run.attempt.phase))
        attempt = await instance.stop(Attempt(source="cell", user="me"))
        assert (attempt.phase, attempt.error, attempt.pending) == (ACCEPTED, None, False)
        assert instance.attempt is attempt
        assert instance.latest is not None
        assert instance.latest.status == "STOPPING"
        assert instance.credentials_source == "environment variables HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"
        await until(lambda: attempt.phase == STOPPED)
        assert instance.latest.status == "STOPPED"

    inside.run(main)
    assert phases == ["stopping", "accepted", "stopped"]
    assert [request.operation for request in simulator.requests][:2] == ["show", "stop"]


def test_a_hundred_stops_are_one(simulator: Any, inside: Any) -> None:
    simulator.faults.add("stop", Delay(0.1))

    async def main(instance: ThisInstance) -> None:
        answers = await asyncio.gather(*(instance.stop(Attempt()) for _ in range(100)))
        assert len({id(answer) for answer in answers}) == 1
        assert await instance.stop(Attempt()) is answers[0], "a later one joins as well"
        assert await instance.stop(Attempt(save="none")) is answers[0], "once it is accepted, options mean no more"

    inside.run(main)
    assert simulator.count("stop") == 1


def test_a_hundred_stops_share_one_refusal(simulator: Any, inside: Any) -> None:
    simulator.settings.deny("stop")

    async def main(instance: ThisInstance) -> None:
        answers = await asyncio.gather(*(stop(instance) for _ in range(100)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {PermissionDeniedError}
        assert len({str(answer) for answer in answers}) == 1
        assert simulator.count("stop") == 1
        simulator.settings.allow("stop")
        assert (await instance.stop(Attempt())).phase == ACCEPTED, "a refused one is not joined"

    inside.run(main)
    assert simulator.count("stop") == 2


def test_other_options_do_not_join(simulator: Any, inside: Any) -> None:
    simulator.faults.add("show", Delay(0.1))

    async def main(instance: ThisInstance) -> None:
        first = asyncio.ensure_future(instance.stop(Attempt(source="menu", save="all")))
        await asyncio.sleep(0)
        with pytest.raises(CancelledStopError, match="requested from the menu") as caught:
            await instance.stop(Attempt(save="none"))
        assert caught.value.code == "other_stop_under_way"
        assert instance.attempt is not None
        assert instance.attempt.id in caught.value.message
        assert (await first).phase == ACCEPTED

    inside.run(main)
    assert simulator.count("stop") == 1


def test_who_asked_may_go_away(simulator: Any, inside: Any) -> None:
    simulator.faults.add("stop", Delay(0.05))

    async def main(instance: ThisInstance) -> None:
        asking = asyncio.ensure_future(instance.stop(Attempt()))
        await until(lambda: simulator.count("stop") == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert instance.attempt is not None
        attempt = instance.attempt
        await until(lambda: attempt.phase == ACCEPTED)

    inside.run(main)


@pytest.mark.parametrize("status", ["STOPPING", "STOPPED"])
def test_what_stops_already_is_an_answer(simulator: Any, inside: Any, status: str) -> None:
    simulator.instance.status = status

    async def main(instance: ThisInstance) -> None:
        attempt = await instance.stop(Attempt())
        assert attempt.phase in (ACCEPTED, STOPPED)
        assert attempt.error is None
        assert instance.latest is not None
        assert instance.latest.status == status

    inside.run(main)
    assert simulator.count("stop") == 0


@pytest.mark.parametrize("code", ["ModelArts.6357", "ModelArts.6307", "ModelArts.6308"])
def test_what_the_cloud_says_has_stopped_is_an_answer(simulator: Any, inside: Any, code: str) -> None:
    simulator.faults.add("stop", Refuse(400, code, "Already."))
    attempt = inside.run(stop)
    assert (attempt.phase, attempt.error) == (ACCEPTED, None)


@pytest.mark.parametrize(
    "status",
    [
        "INIT",
        "CREATING",
        "STARTING",
        "SNAPSHOTTING",
        "FROZEN",
        "DELETING",
        "CREATE_FAILED",
        "START_FAILED",
        "DELETE_FAILED",
        "ERROR",
    ],
)
def test_a_state_that_can_not_be_stopped(simulator: Any, inside: Any, status: str) -> None:
    simulator.instance.status = status
    with pytest.raises(InstanceStateError, match=f"The instance is {status}") as caught:
        inside.run(stop)
    assert (caught.value.state, caught.value.code) == (status, f"state_{status.lower()}")
    reason, remedy = REFUSED_STATES[status]
    assert (caught.value.remedy, reason in caught.value.message) == (remedy, True)
    assert str(caught.value.remedy).endswith(".")
    assert simulator.count("stop") == 0


@pytest.mark.parametrize("status", [*REFUSED_STATES, "RUNNING", "RESTORING", "SOMETHING_NEW", ""])
def test_a_view_says_beforehand_why_a_stop_would_be_refused(simulator: Any, inside: Any, status: str) -> None:
    simulator.instance.extra["status"] = status

    async def main(instance: ThisInstance) -> Any:
        await instance.show()
        view = instance.view()
        with contextlib.suppress(InstanceStateError):
            await stop(instance)
        return view.refusal, instance.attempt.error if instance.attempt else None

    refusal, error = inside.run(main)
    assert refusal == error
    assert (refusal is not None) == (status in REFUSED_STATES)


@pytest.mark.parametrize("status", ["RUNNING", "RESTORING", "SOMETHING_NEW", ""])
def test_an_unknown_state_is_left_to_the_cloud(simulator: Any, inside: Any, status: str) -> None:
    simulator.instance.extra["status"] = status
    inside.run(stop)
    assert simulator.count("stop") == 1


def test_who_may_stop_and_not_read(simulator: Any, inside: Any) -> None:
    simulator.settings.deny("show")
    attempt = inside.run(stop)
    assert (attempt.phase, attempt.error) == (ACCEPTED, None)
    assert simulator.instance.status != "RUNNING"
    again = inside.run(stop)
    assert (again.phase, again.error) == (ACCEPTED, None)


REFUSALS: list[tuple[str, Fault, type[NotebookStopError]]] = [
    ("show", Refuse(401, "APIGW.0301"), CredentialsError),
    ("show", Refuse(400, "ModelArts.6309"), NotebookStopError),
    ("show", Redirect(), NotebookStopError),
    ("show", BrokenJson(), NotebookStopError),
    ("stop", Refuse(403, "ModelArts.0112"), PermissionDeniedError),
    ("stop", Refuse(400, "ModelArts.6306"), InstanceStateError),
    ("stop", Refuse(401, "APIGW.0301"), CredentialsError),
]


@pytest.mark.parametrize(("operation", "fault", "kind"), REFUSALS)
def test_a_refusal_is_told(
    simulator: Any, inside: Any, operation: str, fault: Fault, kind: type[NotebookStopError]
) -> None:
    simulator.faults.add(operation, fault)

    async def main(instance: ThisInstance) -> None:
        with pytest.raises(kind) as caught:
            await instance.stop(Attempt())
        assert instance.attempt is not None
        assert (instance.attempt.phase, instance.attempt.error) == (REFUSED, problem_of(caught.value))
        assert (await instance.stop(Attempt())).phase == ACCEPTED

    inside.run(main)


def test_an_outcome_that_nobody_knows(simulator: Any, inside: Any) -> None:
    simulator.faults.add("show", Delay(0.0))
    simulator.faults.add("stop", Reset(when="after"))
    simulator.faults.add("show", Refuse(401, "APIGW.0301"), times=None)
    with pytest.raises(OutcomeUnknownError):
        inside.run(stop)
    assert simulator.count("stop") == 1


def test_what_is_unexpected_is_told_without_its_text(
    inside: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main(instance: ThisInstance) -> None:
        async def broken() -> Any:
            raise ZeroDivisionError("sk-secret")

        monkeypatch.setattr(instance.connection, "connect", broken)
        with pytest.raises(NotebookStopError, match="unexpectedly") as caught:
            await instance.stop(Attempt())
        assert caught.value.code == "internal"
        assert "sk-secret" not in str(caught.value)
        assert instance.attempt is not None
        assert instance.attempt.phase == REFUSED

    inside.run(main)
    assert "failed unexpectedly" in caplog.text


def test_elsewhere_nothing_is_stopped(simulator: Any, inside: Any) -> None:
    async def main(instance: ThisInstance) -> None:
        for act in (instance.show, lambda: instance.stop(Attempt())):
            with pytest.raises(NotInInstanceError):
                await act()
        assert instance.attempt is None

    inside.run(main, environment={})
    assert simulator.count() == 0


def test_two_ids_stop_nothing(simulator: Any, inside: Any) -> None:
    async def main(instance: ThisInstance) -> None:
        with pytest.raises(IdentityError, match="disagree"):
            await instance.stop(Attempt())

    inside.run(main, base_url="/f9937afa-4451-42db-a76b-72d624749f66/")
    assert simulator.count() == 0


def test_project_and_region_may_come_from_the_credentials(simulator: Any, inside: Any, tmp_path: Any) -> None:
    profile = tmp_path / "credentials"
    profile.write_text(
        f"[basic]\nak={simulator.access_key}\nsk={simulator.secret_key}\n"
        f"security_token={simulator.security_token}\nproject_id={simulator.project_id}\n",
        encoding="utf-8",
    )
    environment = {
        "INSTANCE_ID": simulator.instance_id,
        "MODELARTS_ENDPOINT": simulator.endpoint,
        "HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(profile),
    }

    async def main(instance: ThisInstance) -> None:
        assert (await instance.show()).status == "RUNNING"
        assert instance.identity.project_id == (simulator.project_id, f"profile file {profile}")
        assert instance.credentials_source == f"profile file {profile}"

    inside.run(main, environment=environment)


def test_a_missing_region_is_named(simulator: Any, inside: Any) -> None:
    environment = {name: value for name, value in inside.environment.items() if not name.startswith("MODELARTS_")}

    async def main(instance: ThisInstance) -> None:
        with pytest.raises(IdentityError, match="Could not determine the region"):
            await instance.stop(Attempt())

    inside.run(main, environment=environment)
    assert simulator.count() == 0


def test_the_settings_reach_the_client(simulator: Any, inside: Any) -> None:
    # With the limits that it has by itself, the client would wait for the response.
    simulator.faults.add("show", Delay(10.0), times=None)

    async def main(instance: ThisInstance) -> str:
        with pytest.raises(NotebookStopError) as caught:
            await instance.show()
        return caught.value.code

    for limit in DEADLINES:
        code = inside.run(main, connect_timeout=60.0, read_timeout=limit / 4, total_timeout=limit)
        if code != "connect_timeout":
            break
    assert code == "timeout"


def test_the_token_setting_goes_first(simulator: Any, inside: Any) -> None:
    async def main(instance: ThisInstance) -> None:
        await instance.show()
        assert instance.credentials_source == "c.NotebookStop.auth_token"

    inside.run(main, auth_token=simulator.auth_token)
    assert simulator.requests[0].headers["x-auth-token"] == simulator.auth_token


def test_what_was_read_before_is_not_shown_where_the_cloud_can_not_be_read_now(inside: Any) -> None:
    async def main(instance: ThisInstance) -> None:
        assert instance.view().status is None
        await instance.show()
        assert instance.view().status == "RUNNING"
        view = instance.view(error=NotebookStopError("No network.", code="connect"))
        assert view.status is None
        assert view.error is not None
        assert view.error.code == "connect"

    inside.run(main)
