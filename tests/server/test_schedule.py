"""A stop that comes later, through the local REST API and real kernels, against the stand-in."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any, Iterator

import pytest

from jupyter_notebook_stop.policy import schedule as policy
from jupyter_notebook_stop.server.events import ATTEMPT_EVENT, SCHEDULE_EVENT
from jupyter_notebook_stop.simulator import Reset, ThreadedSimulator

from ..waiting import until_async
from .conftest import Fetch
from .listening import call_at_each, listen


@pytest.fixture
def stop_config() -> dict[str, Any]:
    return {
        "poll_interval": 0.05,
        "roll_call_timeout": 0.3,
        "save_timeout": 60.0,
        "schedule_countdown": 0.5,
        "idle_grace": 1.0,
    }


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "PAUSES", (0.3,))


def scheduler_of(serverapp: Any) -> Any:
    return next(iter(serverapp.extension_manager.extension_apps["jupyter_notebook_stop"])).runtime.scheduler


def soon(seconds: float) -> str:
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


async def put(fetch: Fetch, simulator: ThreadedSimulator, **more: Any) -> dict[str, Any]:
    status, answer = await fetch("PUT", "schedule", body={"instance_id": simulator.instance_id, **more})
    assert status == 200, answer
    return dict(answer)


async def until_state(fetch: Fetch, *states: str | None) -> Any:
    found: list[Any] = []

    async def reached() -> bool:
        _, answer = await fetch("GET", "schedule")
        found.append(answer["schedule"])
        return (found[-1] or {"state": None})["state"] in states

    await until_async(reached)
    return found[-1]


async def stopped(simulator: ThreadedSimulator) -> None:
    async def look() -> bool:
        return simulator.instance.status == "STOPPED"

    await until_async(look)


@pytest.fixture
def events(jp_serverapp: Any) -> list[tuple[str, dict[str, Any]]]:
    return listen(jp_serverapp, SCHEDULE_EVENT, ATTEMPT_EVENT)


def states(events: list[tuple[str, dict[str, Any]]]) -> list[str | None]:
    return [data["state"] for schema, data in events if schema == SCHEDULE_EVENT and data["change"] == "schedule"]


class TestRequests:
    async def test_there_is_none_and_the_rules_are_told(self, fetch: Fetch, simulator: ThreadedSimulator) -> None:
        status, answer = await fetch("GET", "schedule")
        assert status == 200
        assert (answer["schedule"], answer["replaced"]) == (None, None)
        rules = {"enabled": True, "countdown": 0.5, "grace": 1.0, "longest": 604800.0, "terminals": "children"}
        assert answer["rules"] == rules
        assert simulator.count() == 0

    async def test_one_replaces_the_other_and_is_cancelled(self, fetch: Fetch, simulator: ThreadedSimulator) -> None:
        first = await put(fetch, simulator, when="idle", grace=600, source="cell")
        assert first["replaced"] is None
        assert (first["schedule"]["when"], first["schedule"]["grace"]) == ("idle", 600.0)
        assert first["schedule"]["source"] == "cell"
        assert first["schedule"]["user"]
        second = await put(fetch, simulator, when="at", at=soon(3600))
        assert second["replaced"]["id"] == first["schedule"]["id"]
        _, view = await fetch("GET", "instance")
        assert view["schedule"]["id"] == second["schedule"]["id"]
        status, answer = await fetch("DELETE", "schedule")
        assert (status, answer["schedule"]) == (200, None)
        assert answer["replaced"]["id"] == second["schedule"]["id"]
        status, answer = await fetch("DELETE", "schedule")
        assert (status, answer["replaced"]) == (200, None)

    @pytest.mark.parametrize(
        "body",
        [
            {"when": "at"},
            {"when": "at", "at": "2026-12-01T00:00:00"},
            {"when": "at", "at": "noon"},
            {"when": "at", "at": "2099-01-01T00:00:00Z", "grace": 60},
            {"when": "idle", "at": "2099-01-01T00:00:00Z"},
            {"when": "idle", "grace": 0},
            {"when": "idle", "grace": 604_801},
            {"when": "never"},
            {"when": "idle", "unknown": 1},
        ],
    )
    async def test_nonsense_is_400(self, body: dict[str, Any], fetch: Fetch, simulator: ThreadedSimulator) -> None:
        status, problem = await fetch("PUT", "schedule", body={"instance_id": simulator.instance_id, **body})
        assert status == 400
        assert problem["code"] == "bad_request"
        _, answer = await fetch("GET", "schedule")
        assert answer["schedule"] is None

    @pytest.mark.parametrize(
        "body",
        [
            {"when": "at", "at": "2020-01-01T00:00:00Z"},
            {"when": "at", "at": "2099-01-01T00:00:00Z"},
            {"when": "idle", "not_before": "2099-01-01T00:00:00Z"},
        ],
    )
    async def test_a_time_that_is_past_or_too_far_away_is_409(
        self, body: dict[str, Any], fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        status, problem = await fetch("PUT", "schedule", body={"instance_id": simulator.instance_id, **body})
        assert (status, problem["code"]) == (409, "bad_schedule")
        _, answer = await fetch("GET", "schedule")
        assert answer["schedule"] is None

    async def test_another_instance_is_refused(self, fetch: Fetch) -> None:
        body = {"instance_id": "11111111-1111-4111-8111-111111111111", "when": "idle"}
        status, problem = await fetch("PUT", "schedule", body=body)
        assert (status, problem["code"]) == (409, "wrong_instance")

    async def test_neither_requests_nor_ticks_count_as_activity(
        self, jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        before = jp_serverapp.web_app.last_activity()
        await put(fetch, simulator, when="idle", grace=600)
        await fetch("GET", "instance")
        assert (await fetch("POST", "schedule", "activity"))[0] == 204
        scheduler_of(jp_serverapp).wake()
        await until_state(fetch, "waiting")
        assert jp_serverapp.web_app.last_activity() == before


class TestDisabled:
    @pytest.fixture
    def stop_config(self) -> dict[str, Any]:
        return {"schedule_enabled": False}

    async def test_it_says_so(self, fetch: Fetch, simulator: ThreadedSimulator) -> None:
        _, answer = await fetch("GET", "schedule")
        assert answer["rules"]["enabled"] is False
        body = {"instance_id": simulator.instance_id, "when": "idle"}
        status, problem = await fetch("PUT", "schedule", body=body)
        assert (status, problem["code"], problem["kind"]) == (409, "schedule_disabled", "InstanceStateError")
        assert "schedule_enabled" in problem["remedy"]


class TestOutside:
    @pytest.fixture
    def environment(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
        for name in ("INSTANCE_ID", "PROJECT_ID"):
            monkeypatch.delenv(name, raising=False)
        return {}

    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", "schedule"), ("DELETE", "schedule"), ("POST", "schedule/activity")],
    )
    async def test_there_is_nothing_to_schedule(self, method: str, path: str, fetch: Fetch) -> None:
        status, problem = await fetch(method, *path.split("/"))
        assert (status, problem["code"]) == (404, "not_in_instance")


async def test_at_a_time_all_tabs_save_and_it_stops(
    fetch: Fetch, simulator: ThreadedSimulator, events: list[tuple[str, dict[str, Any]]]
) -> None:
    await put(fetch, simulator, when="at", at=soon(0.5), source="terminal")
    await until_state(fetch, "countdown", "stopping")
    await stopped(simulator)
    await until_state(fetch, None)
    assert states(events) == ["waiting", "countdown", "stopping", None]
    records = [data for schema, data in events if schema == ATTEMPT_EVENT]
    assert [(record["outcome"], record["source"], record["save"]) for record in records] == [
        ("accepted", "schedule", "all")
    ]
    assert records[0]["user"]
    assert simulator.count("stop") == 1


async def test_when_nobody_works_it_stops(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    await put(fetch, simulator, when="idle")
    await stopped(simulator)
    assert simulator.count("stop") == 1


@pytest.fixture
def kernel(jp_serverapp: Any, jp_root_dir: Any, jp_asyncio_loop: Any) -> Iterator[Any]:
    """Start the kernel of a notebook."""
    (jp_root_dir / "train.ipynb").write_text("{}", encoding="utf-8")
    run = jp_asyncio_loop.run_until_complete
    session = run(
        jp_serverapp.session_manager.create_session(
            path="train.ipynb", name="train.ipynb", type="notebook", kernel_name="python3"
        )
    )
    client = jp_serverapp.kernel_manager.get_kernel(session["kernel"]["id"]).client()
    client.start_channels()
    run(client.wait_for_ready(timeout=60))
    yield client
    client.stop_channels()
    run(jp_serverapp.kernel_manager.shutdown_kernel(session["kernel"]["id"], now=True))


async def test_a_busy_kernel_is_waited_for_and_named(
    kernel: Any, fetch: Fetch, simulator: ThreadedSimulator, jp_root_dir: Any
) -> None:
    kernel.execute("import os, time\nwhile not os.path.exists('done'): time.sleep(0.05)")

    async def is_named() -> bool:
        answer = await put(fetch, simulator, when="idle")
        return [each["path"] for each in answer["schedule"]["waiting_for"]["kernels"]] == ["train.ipynb"]

    await until_async(is_named)
    await asyncio.sleep(2.0)
    _, answer = await fetch("GET", "schedule")
    assert (answer["schedule"]["state"], answer["schedule"]["due_at"]) == ("waiting", None)
    assert simulator.instance.status == "RUNNING"
    (jp_root_dir / "done").write_text("")
    await stopped(simulator)
    assert simulator.count("stop") == 1


@pytest.mark.parametrize("how", ["typing", "saving"])
async def test_who_works_ends_a_countdown(
    how: str, jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator, events: list[tuple[str, dict[str, Any]]]
) -> None:
    app = next(iter(jp_serverapp.extension_manager.extension_apps["jupyter_notebook_stop"]))
    (await app.load()).instance.config.schedule_countdown = 60.0
    await put(fetch, simulator, when="idle", grace=1)
    await until_state(fetch, "countdown")
    if how == "typing":
        assert (await fetch("POST", "schedule", "activity"))[0] == 204
    else:
        model = {"type": "file", "format": "text", "content": "x"}
        await jp_serverapp.contents_manager.save(model, "a.txt")

    async def began_again() -> bool:
        # Whoever asks has it look at once.
        await fetch("GET", "schedule")
        return len(states(events)) > 3

    # Not seen by asking: "waiting" lasts a second.
    await until_async(began_again)
    assert states(events) == ["waiting", "countdown", "waiting", "countdown"]
    assert simulator.count("stop") == 0


async def test_what_fails_is_tried_again(
    fetch: Fetch, simulator: ThreadedSimulator, events: list[tuple[str, dict[str, Any]]]
) -> None:
    simulator.settings.deny("stop")
    await put(fetch, simulator, when="at", at=soon(0.1))
    failed = await until_state(fetch, "retrying")
    assert failed["error"]["code"] == "ModelArts.0112"
    assert failed["next_try_at"]
    simulator.settings.denied.clear()
    await stopped(simulator)
    assert states(events)[:4] == ["waiting", "countdown", "stopping", "retrying"]
    assert "countdown" in states(events)[4:]


async def test_what_tabs_save_for_a_stop_does_not_put_the_next_try_off(
    jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator, events: list[tuple[str, dict[str, Any]]]
) -> None:
    simulator.settings.deny("stop")
    app = next(iter(jp_serverapp.extension_manager.extension_apps["jupyter_notebook_stop"]))
    (await app.load()).instance.config.roll_call_timeout = 2.0
    saved: list[dict[str, Any]] = []

    async def save(data: dict[str, Any]) -> None:
        if data["state"] == "stopping" and not saved:
            saved.append(data)
            await jp_serverapp.contents_manager.save({"type": "file", "format": "text", "content": "x"}, "a.txt")

    # As a tab does it: at the event. What is saved later is somebody's work, however late the machine makes it.
    call_at_each(jp_serverapp, SCHEDULE_EVENT, save)
    await put(fetch, simulator, when="idle", grace=2)
    await until_async(lambda: len(states(events)) > 4)
    assert saved
    assert states(events)[:5] == ["waiting", "countdown", "stopping", "retrying", "countdown"]


async def test_what_may_have_been_taken_is_not(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    simulator.faults.add("stop", Reset(), times=1)
    await put(fetch, simulator, when="at", at=soon(0.1))
    ended = await until_state(fetch, "ended")
    assert ended["error"]["code"] == "outcome_unknown"
    await asyncio.sleep(1.5)
    assert simulator.count("stop") == 1
    status, answer = await fetch("DELETE", "schedule")
    assert (status, answer["replaced"]["state"]) == (200, "ended")


async def test_a_stop_that_the_cloud_drops_is_told_and_not_repeated(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    simulator.instance.stop_fails_with = "RUNNING"
    simulator.instance.step_seconds = 0.1
    await put(fetch, simulator, when="at", at=soon(0.1))
    ended = await until_state(fetch, "ended")
    assert "RUNNING now" in ended["error"]["message"]
    await asyncio.sleep(1.5)
    assert simulator.count("stop") == 1


async def test_it_is_cancelled_in_its_countdown_and_while_tabs_save(
    jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator
) -> None:
    app = next(iter(jp_serverapp.extension_manager.extension_apps["jupyter_notebook_stop"]))
    config = (await app.load()).instance.config
    config.roll_call_timeout = 60.0
    for state, config.schedule_countdown in (("countdown", 60.0), ("stopping", 0.1)):
        await put(fetch, simulator, when="at", at=soon(0.1))
        await until_state(fetch, state)
        status, answer = await fetch("DELETE", "schedule")
        assert (status, answer["replaced"]["state"]) == (200, state)
    await asyncio.sleep(1.0)
    _, view = await fetch("GET", "instance")
    assert (view["schedule"], view["attempt"]["phase"]) == (None, "cancelled")
    assert simulator.count("stop") == 0


async def test_who_cancels_the_stop_cancels_the_schedule(
    jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator
) -> None:
    app = next(iter(jp_serverapp.extension_manager.extension_apps["jupyter_notebook_stop"]))
    (await app.load()).instance.config.roll_call_timeout = 60.0
    await put(fetch, simulator, when="at", at=soon(0.1))
    await until_state(fetch, "stopping")
    _, view = await fetch("GET", "instance")
    assert (await fetch("DELETE", "stop", view["attempt"]["id"]))[0] == 204
    await until_state(fetch, None)
    assert simulator.count("stop") == 0


async def test_after_acceptance_it_is_too_late(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    simulator.instance.step_seconds = 60
    await put(fetch, simulator, when="at", at=soon(0.1))

    async def accepted() -> bool:
        return simulator.instance.status == "STOPPING"

    await until_async(accepted)
    assert (await until_state(fetch, "stopping"))["error"] is None
    for method, body in (("DELETE", None), ("PUT", {"instance_id": simulator.instance_id, "when": "idle"})):
        status, problem = await fetch(method, "schedule", body=body)
        assert (status, problem["code"]) == (409, "too_late")


async def test_any_other_stop_ends_it(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    await put(fetch, simulator, when="idle", grace=600)
    body = {"instance_id": simulator.instance_id, "save": "none"}
    assert (await fetch("POST", "stop", body=body))[0] == 202
    await until_state(fetch, None)
    assert simulator.count("stop") == 1


async def test_the_lease_is_renewed_and_told(
    fetch: Fetch, simulator: ThreadedSimulator, events: list[tuple[str, dict[str, Any]]]
) -> None:
    _, before = await fetch("GET", "instance")
    body = {"instance_id": simulator.instance_id, "duration": 7200}
    status, view = await fetch("PATCH", "lease", body=body)
    assert status == 200
    assert view["lease"]["expires_at"] > before["lease"]["expires_at"]
    assert [data["change"] for schema, data in events if schema == SCHEDULE_EVENT] == ["lease"]
    for duration in (3599, 259_201, 1.5, "1 h"):
        status, problem = await fetch("PATCH", "lease", body={**body, "duration": duration})
        assert (status, problem["code"]) == (400, "bad_request")
    simulator.settings.deny("lease")
    status, problem = await fetch("PATCH", "lease", body=body)
    assert (status, problem["kind"], problem["upstream_status"]) == (502, "PermissionDeniedError", 403)
    assert "modelarts:notebook:updateStopPolicy" in problem["remedy"]
