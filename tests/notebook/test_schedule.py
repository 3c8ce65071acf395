"""A stop that comes later, from a script and from a cell."""

from __future__ import annotations

import asyncio
import datetime
import pathlib
import re
from typing import Any, Iterator

import msgspec
import pytest

import jupyter_notebook_stop
from jupyter_notebook_stop import (
    NotebookStopError,
    Schedule,
    astop,
    cancel_scheduled_stop,
    scheduled_stop,
    status,
    stop,
)
from jupyter_notebook_stop.schema import Problem
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from ..waiting import until
from .canned import Serve, serve
from .conftest import Inside, Kernel, Place, StartServer
from .test_schedule_answers import Scheduling, canned

__all__ = ["canned", "serve"]

UTC = datetime.timezone.utc
HOUR = datetime.timedelta(hours=1)
LATER = "from jupyter_notebook_stop import astop, cancel_scheduled_stop, scheduled_stop, status, stop\n"


@pytest.fixture
def planning(inside: Inside) -> Iterator[Inside]:
    """Have nothing scheduled before the test, and nothing after it."""
    inside.server.fetch("DELETE", "jupyter-notebook-stop/schedule")
    yield inside
    inside.server.fetch("DELETE", "jupyter-notebook-stop/schedule")


@pytest.fixture
def here(planning: Inside, folders: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Inside:
    """Make this process one beside the server: its runtime folder, and nothing of its environment."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", planning.server.environment["JUPYTER_RUNTIME_DIR"])
    return planning


def standing(inside: Inside) -> dict[str, Any] | None:
    """Return what the server has scheduled."""
    found: dict[str, Any] | None = inside.server.fetch("GET", "jupyter-notebook-stop/schedule")["schedule"]
    return found


class TestScript:
    """Beside a Jupyter server with the extension."""

    def test_when_idle(self, here: Inside, capsys: pytest.CaptureFixture[str]) -> None:
        made = stop(when="idle", grace="20min")
        assert (made.when, made.grace, made.source) == ("idle", 1200, "terminal")
        found = standing(here)
        assert found is not None
        assert (found["id"], found["grace"]) == (made.id, 1200)
        shown = capsys.readouterr().out
        assert shown.startswith("This instance stops when idle for 20 min\n")
        assert "every open tab shows a 1 min countdown" in shown
        assert "cancel_scheduled_stop()" in shown
        assert here.simulator.count("stop") == 0

    def test_the_grace_of_the_server(self, here: Inside) -> None:
        assert stop(when="idle").grace == 600

    def test_at_a_time(self, here: Inside, capsys: pytest.CaptureFixture[str]) -> None:
        at = datetime.datetime.now(UTC).replace(microsecond=0) + 2 * HOUR
        made = stop(at=at)
        assert (made.when, made.at) == ("at", at)
        found = standing(here)
        assert found is not None
        assert datetime.datetime.fromisoformat(found["at"].replace("Z", "+00:00")) == at
        assert re.match(r"This instance stops at 20[0-9: -]+ UTC.*, in (2 h|1 h 59 min)\n", capsys.readouterr().out)
        clock = at.astimezone().strftime("%H:%M:%S")
        assert stop(at=clock).at == at

    def test_after_a_while(self, here: Inside) -> None:
        before = datetime.datetime.now(UTC)
        made = stop(after="1h30m")
        assert made.at is not None
        assert before + 1.5 * HOUR <= made.at <= datetime.datetime.now(UTC) + 1.5 * HOUR

    def test_a_new_one_replaces_and_says_so(self, here: Inside, capsys: pytest.CaptureFixture[str]) -> None:
        stop(when="idle", grace=900)
        assert "Replaces" not in capsys.readouterr().out
        second = stop(after="3h")
        assert "Replaces         a stop when idle for 15 min" in capsys.readouterr().out
        assert standing(here)["id"] == second.id  # type: ignore[index]

    def test_showing_and_cancelling(self, here: Inside, capsys: pytest.CaptureFixture[str]) -> None:
        assert scheduled_stop() is None
        assert cancel_scheduled_stop() is None
        assert capsys.readouterr().out == "No stop is scheduled.\n"
        made = stop(after=7200)
        found = scheduled_stop()
        assert found is not None
        assert (found.id, found.at) == (made.id, made.at)
        capsys.readouterr()
        cancelled = cancel_scheduled_stop()
        assert cancelled is not None
        assert (cancelled.id, cancelled.state) == (made.id, "cancelled")
        assert capsys.readouterr().out.startswith("Cancelled: the stop at 20")
        assert scheduled_stop() is None

    def test_the_status_shows_it(self, here: Inside) -> None:
        from jupyter_notebook_stop.notebook.rendering import instance_html, instance_text

        assert status().schedule is None
        assert "Scheduled stop" not in instance_text(status())
        made = stop(when="idle", grace=900)
        instance = status()
        assert instance.schedule is not None
        assert instance.schedule.id == made.id
        assert "  Scheduled stop  when idle for 15 min" in instance_text(instance)
        assert "when idle for 15 min" in instance_html(instance)

    def test_from_async_code(self, here: Inside) -> None:
        async def main() -> Schedule:
            return await astop(when="idle", grace=900)

        assert asyncio.run(main()).id == standing(here)["id"]  # type: ignore[index]

    def test_what_the_server_refuses(self, here: Inside) -> None:
        with pytest.raises(NotebookStopError, match="further in the future than the server allows") as refused:
            stop(after="30d")
        assert refused.value.code == "bad_schedule"
        assert standing(here) is None


def test_the_server_stops_the_instance_when_the_script_has_ended(
    start_server: StartServer, simulator: ThreadedSimulator
) -> None:
    quick = ["--NotebookStop.schedule_countdown=0.5", "--NotebookStop.roll_call_timeout=0.2"]
    server = start_server(instance_environment(simulator), arguments=quick)
    code, output = Place(server.environment, server.work).run(LATER + "stop(after=3)")
    assert code == 0, output
    assert "This instance stops at " in output
    until(lambda: simulator.count("stop"), pause=0.05)
    until(lambda: simulator.instance.status == "STOPPED")
    assert simulator.count("stop") == 1


class TestCell:
    """A kernel of that server."""

    @pytest.fixture
    def cell(self, planning: Inside) -> Iterator[Kernel]:
        from jupyter_client.blocking.client import BlockingKernelClient

        session = {"path": "train.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}}
        model = planning.server.fetch("POST", "api/sessions", session)
        kernel_id = model["kernel"]["id"]
        runtime = pathlib.Path(planning.server.environment["JUPYTER_RUNTIME_DIR"])
        client = BlockingKernelClient(connection_file=str(runtime / f"kernel-{kernel_id}.json"))
        client.load_connection_file()
        client.start_channels(hb=False)
        client.wait_for_ready(timeout=120)
        yield Kernel(None, client)  # type: ignore[arg-type]
        client.stop_channels()
        planning.server.fetch("DELETE", f"api/sessions/{model['id']}")

    def test_it_returns_at_once_and_shows_itself_once(self, planning: Inside, cell: Kernel) -> None:
        shown = cell.run(LATER + "made = stop(when='idle', grace=900)\nmade")
        assert [kind for kind, _ in shown] == ["display_data"]
        assert shown[0][1].startswith("This instance stops when idle for 15 min\n")
        assert standing(planning)["source"] == "cell"  # type: ignore[index]
        # Later it shows itself as any result.
        ((kind, text),) = cell.run("made")
        assert kind == "execute_result"
        assert text.startswith("This instance stops when idle for 15 min\n")
        html = "data, _ = get_ipython().display_formatter.format(made); print(sorted(data))"
        assert cell.run(html) == [("stream", "['text/html', 'text/plain']\n")]

    def test_it_waits_for_the_rest_of_the_run(self, planning: Inside, cell: Kernel) -> None:
        cell.run(LATER)
        identifier = cell.start("stop(when='idle', grace=900)\nimport time; time.sleep(600)")
        cell.until(identifier, "This instance stops")

        def busy() -> list[Any]:
            found = standing(planning)
            return found["waiting_for"]["kernels"] if found else []

        (kernel,) = until(busy, pause=0.1)
        assert kernel["path"] == "train.ipynb"

    def test_magics(self, planning: Inside, cell: Kernel) -> None:
        cell.run("%load_ext jupyter_notebook_stop")
        assert "for 15 min" in cell.run("%stop_instance --when-idle --grace 15min")[0][1]
        assert "in 2 h" in cell.run("%stop_instance --after 2h")[0][1]
        at = (datetime.datetime.now(UTC) + 3 * HOUR).replace(microsecond=0, tzinfo=None)
        (shown,) = cell.run(f'%stop_instance --at "{at}Z"')
        assert "Replaces         a stop at " in shown[1]
        assert standing(planning)["at"] == f"{at.isoformat()}Z"  # type: ignore[index]
        assert "Scheduled stop  at " in cell.run("%stop_instance --status")[0][1]
        (shown,) = cell.run("%stop_instance --cancel")
        assert shown[1].startswith("Cancelled: the stop at ")
        assert cell.run("%stop_instance --cancel") == [("display_data", "No stop is scheduled.")]
        assert planning.simulator.count("stop") == 0

    def test_an_error_is_one_line(self, planning: Inside, cell: Kernel) -> None:
        cell.run(LATER)
        sight = cell.sight(cell.start("stop(after='30d')"))
        assert sight == cell.traceback
        assert sight.startswith("NotebookStopError: The time is further in the future than the server allows")
        assert "\n" not in sight


class TestWrongUsage:
    """Nothing is sent that makes no sense, and nothing is stopped now by mistake."""

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"when": "idle", "at": "23:30"}, "when and at cannot be combined"),
            ({"at": "23:30", "after": "2h"}, "at and after cannot be combined"),
            ({"grace": 600}, "grace requires when"),
            ({"at": "23:30", "grace": 600}, "grace requires when"),
            ({"when": "later"}, "when must be 'idle', not 'later'"),
            ({"when": "idle", "grace": 0}, "grace must be longer than 0"),
            ({"when": "idle", "grace": 0.5}, "grace must be from 1 s to 7 d"),
            ({"when": "idle", "grace": "8d"}, "grace must be from 1 s to 7 d"),
            ({"when": "idle", "delay": 0}, "delay cannot be combined with when, which schedules a later stop"),
            ({"at": "23:30", "save": False}, "save cannot be combined with at"),
            ({"after": "2h", "wait": True}, "wait cannot be combined with after"),
            ({"after": "2h", "dry_run": True}, "dry_run cannot be combined with after"),
            ({"at": "2000-01-01T00:00Z"}, "at is in the past"),
            ({"at": ""}, "at must be a time such as 23:30"),
            ({"after": ""}, "after must be a duration such as 2h"),
            ({"after": "9999999d"}, "after is too long"),
            ({"after": 0}, "after must be longer than 0"),
        ],
    )
    def test_is_a_value_error(
        self, canned: Scheduling, simulator: ThreadedSimulator, options: dict[str, Any], reason: str
    ) -> None:
        call: Any = stop
        with pytest.raises(ValueError, match=f"^{reason}"):
            call(**options)
        acall: Any = astop
        with pytest.raises(ValueError, match=f"^{reason}"):
            asyncio.run(acall(**options))
        assert canned.asked == []
        assert canned.asked_by_method == []

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("%stop_instance --when-idle --at 23:30", "--when-idle and --at cannot be combined."),
            ("%stop_instance --grace 10min", "--grace requires --when-idle."),
            (
                "%stop_instance --after 2h --no-save",
                "--no-save cannot be combined with --after, which schedules a later stop.",
            ),
            (
                "%stop_instance --after 2h --dry-run",
                "--dry-run cannot be combined with --after, which schedules a later stop.",
            ),
            (
                "%stop_instance --after 2h --delay 0",
                "--delay cannot be combined with --after, which schedules a later stop.",
            ),
            (
                "%stop_instance --after 2h --status",
                "--status cannot be combined with --after, which schedules a later stop.",
            ),
            ("%stop_instance --cancel --after 2h", "--cancel cannot be combined with other options."),
            ("%stop_instance --cancel --wait", "--cancel cannot be combined with other options."),
            ('%stop_instance --at ""', "--at must be a time such as 23:30"),
            ("%stop_instance --at=", "--at must be a time such as 23:30"),
            ("%stop_instance --after=", "--after must be a duration such as 2h"),
            ('%stop_instance --grace ""', "--grace requires --when-idle."),
            ("%%stop_instance --when-idle\nprint('r' + 'an')", "To stop later, run %stop_instance with --when-idle"),
            ("%%stop_instance --cancel\nprint('r' + 'an')", "%%stop_instance stops at the end of its cell."),
        ],
    )
    def test_of_the_magics(self, kernel: Kernel, simulator: ThreadedSimulator, line: str, reason: str) -> None:
        kernel.run("%load_ext jupyter_notebook_stop")
        sight = kernel.sight(kernel.start(line))
        assert reason in sight
        assert "magics.py" not in sight
        assert "ran\n" not in sight
        assert simulator.count() == 0


class TestWithoutServer:
    """Where no server can stop the instance later, the error says so, and what works instead."""

    CALLS = ("stop(when='idle')", "stop(at='23:30')", "scheduled_stop()", "cancel_scheduled_stop()")

    @pytest.mark.parametrize("call", CALLS)
    def test_in_a_script(self, place: Place, simulator: ThreadedSimulator, call: str) -> None:
        code, output = place.run(LATER + call)
        assert code == 1
        assert "[no_schedule_server]" in output
        assert "Only a Jupyter server with jupyter_notebook_stop can stop this instance later" in output
        assert "Call stop() in the last cell or at the end of the script" in output
        assert simulator.count("stop") == 0

    @pytest.mark.parametrize("call", [*CALLS, "await astop(after='2h')", "%stop_instance --when-idle"])
    def test_in_a_cell_it_is_one_line(self, kernel: Kernel, simulator: ThreadedSimulator, call: str) -> None:
        kernel.run("%load_ext jupyter_notebook_stop")
        sight = kernel.sight(kernel.start(LATER + call))
        assert sight == kernel.traceback
        assert sight.startswith("NotebookStopError: Only a Jupyter server with jupyter_notebook_stop can stop")
        assert "\n" not in sight

    @pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
    @pytest.mark.parametrize("status", [404, 405])
    def test_an_older_server(self, canned: Scheduling, method: str, status: int) -> None:
        canned.answer(**{method: (status, {"message": "Not Found", "reason": None})})
        call = {"PUT": lambda: stop(after="2h"), "GET": scheduled_stop, "DELETE": cancel_scheduled_stop}[method]
        with pytest.raises(NotebookStopError, match="is too old to schedule a stop") as error:
            call()
        assert error.value.code == "no_schedule_server"
        assert f"127.0.0.1:{canned.port}" in error.value.message
        assert "Call stop() in the last cell" in (error.value.remedy or "")

    def test_a_server_without_the_extension_is_named(
        self, serve: Serve, environment: dict[str, str], simulator: ThreadedSimulator
    ) -> None:
        other = serve(api=(200, {"version": "2.21.1"}))
        with pytest.raises(NotebookStopError, match="not installed or not enabled") as error:
            stop(when="idle")
        assert error.value.code == "no_schedule_server"
        assert f"http://127.0.0.1:{other.port}/" in error.value.message
        assert "Install jupyter_notebook_stop in the environment that JupyterLab runs in" in (error.value.remedy or "")

    def test_a_server_outside_an_instance_is_no_old_one(self, canned: Scheduling) -> None:
        problem = Problem(code="not_in_instance", message="Not running in an instance.", kind="NotInInstanceError")
        canned.answer(PUT=(404, msgspec.json.encode(problem)))
        with pytest.raises(jupyter_notebook_stop.NotInInstanceError):
            stop(when="idle")
