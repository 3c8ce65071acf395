"""What a Jupyter server can say of a stop that comes later: canned servers on loopback."""

from __future__ import annotations

import asyncio
import datetime
import json
import threading
from typing import Any

import msgspec
import pytest

from jupyter_notebook_stop import (
    InstanceStateError,
    NotebookStopError,
    OutcomeUnknownError,
    Schedule,
    cancel_scheduled_stop,
    scheduled_stop,
    stop,
)
from jupyter_notebook_stop.notebook import schedule as schedules
from jupyter_notebook_stop.notebook.options import ScheduleOptions
from jupyter_notebook_stop.notebook.progress import ProgressUpdate
from jupyter_notebook_stop.schema import AtRisk, BusyKernel, Instance, Problem, ScheduleResponse, ScheduleRules

from ..waiting import until
from .canned import OURS, Canned, Handler, Serve, claim, serve

__all__ = ["serve"]

UTC = datetime.timezone.utc
HOUR = datetime.timedelta(hours=1)
ROUTE = "/jupyter-notebook-stop/schedule"
RULES = ScheduleRules(enabled=True, countdown=60, grace=600, longest=604_800, terminals="children")
MADE = Schedule(id="one", when="idle", grace=600, created_at=datetime.datetime(2030, 1, 31, tzinfo=UTC))


class Scheduling(Canned):
    """A canned server of our instance that answers by method, and keeps what it was asked."""

    def __init__(self, answers: dict[str, tuple[int, Any]], host: str) -> None:
        super().__init__({**answers, "/jupyter-notebook-stop/instance": claim(OURS)}, host)
        self.RequestHandlerClass = _Scheduling
        self.by_method: dict[str, tuple[int, Any]] = {}
        self.asked_by_method: list[tuple[str, Any]] = []
        self.deaf_to = ""
        self.hold = threading.Event()
        self.hold.set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has gone."""

    def answer(self, **answers: ScheduleResponse | tuple[int, Any]) -> None:
        for method, answer in answers.items():
            is_answer = isinstance(answer, ScheduleResponse)
            self.by_method[method] = (200, msgspec.json.encode(answer)) if is_answer else answer  # type: ignore[assignment]


class _Scheduling(Handler):
    def do_GET(self) -> None:
        if self.path == ROUTE:
            self._answer("GET")
        else:
            super().do_GET()

    def do_PUT(self) -> None:
        self._answer("PUT")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        server = self.server
        assert isinstance(server, Scheduling)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.asked_by_method.append((method, json.loads(body) if body else None))
        server.hold.wait(30)
        if server.deaf_to == method:
            self.close_connection = True
            return
        server.answers[self.path] = server.by_method.get(method, (404, {"message": "Not Found", "reason": None}))
        super().do_GET()


@pytest.fixture
def canned(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Scheduling:
    """A canned server of the instance of this process."""
    monkeypatch.setenv("INSTANCE_ID", OURS)
    one = serve(server=Scheduling)
    assert isinstance(one, Scheduling)
    return one


class TestAnswers:
    """What a server can say."""

    def test_what_is_sent(self, canned: Scheduling) -> None:
        canned.answer(PUT=ScheduleResponse(schedule=MADE, rules=RULES))
        stop(when="idle", grace=600)
        at = datetime.datetime(2030, 1, 31, 23, 30, tzinfo=datetime.timezone(8 * HOUR))
        stop(at=at)
        assert [body for method, body in canned.asked_by_method if method == "PUT"] == [
            {"instance_id": OURS, "when": "idle", "at": None, "grace": 600, "not_before": None, "source": "terminal"},
            {
                **{"instance_id": OURS, "when": "at", "at": "2030-01-31T23:30:00+08:00", "grace": None},
                **{"not_before": None, "source": "terminal"},
            },
        ]

    def test_what_it_waits_for_is_told(self, canned: Scheduling, capsys: pytest.CaptureFixture[str]) -> None:
        later = waiting()
        canned.answer(PUT=ScheduleResponse(schedule=later, rules=RULES))
        assert stop(when="idle") == later
        assert "Waiting for      train.ipynb, busy for " in capsys.readouterr().out

    def test_disabled(self, canned: Scheduling) -> None:
        problem = Problem(code="schedule_disabled", message="Scheduled stops are disabled on this server.")
        canned.answer(PUT=(409, msgspec.json.encode(problem)))
        with pytest.raises(NotebookStopError, match="disabled on this server") as error:
            stop(when="idle")
        assert error.value.code == "schedule_disabled"

    def test_none_where_none_can_be_made(self, canned: Scheduling, capsys: pytest.CaptureFixture[str]) -> None:
        canned.answer(DELETE=ScheduleResponse(rules=msgspec.structs.replace(RULES, enabled=False)))
        assert cancel_scheduled_stop() is None
        assert capsys.readouterr().out == "No stop is scheduled. Scheduled stops are disabled on this server.\n"

    def test_too_late_to_cancel(self, canned: Scheduling) -> None:
        problem = Problem(code="too_late", message="It is too late.", kind="InstanceStateError")
        canned.answer(DELETE=(409, msgspec.json.encode(problem)))
        with pytest.raises(InstanceStateError, match="too late"):
            cancel_scheduled_stop()

    @pytest.mark.parametrize(("method", "what"), [("PUT", "scheduled"), ("DELETE", "cancelled")])
    def test_a_lost_answer_leaves_the_outcome_open(self, canned: Scheduling, method: str, what: str) -> None:
        canned.deaf_to = method
        with pytest.raises(OutcomeUnknownError, match=f"Could not confirm whether the stop was {what}") as error:
            stop(after="2h") if method == "PUT" else cancel_scheduled_stop()
        assert "scheduled_stop()" in (error.value.remedy or "")

    @pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"rules": 1}'])
    def test_an_answer_that_makes_no_sense(self, canned: Scheduling, body: bytes) -> None:
        canned.answer(PUT=(200, body), GET=(200, body))
        for call in (lambda: stop(after="2h"), scheduled_stop):
            with pytest.raises(NotebookStopError) as error:
                call()
            assert error.value.code == "bad_server_answer"

    def test_an_answer_without_the_schedule(self, canned: Scheduling) -> None:
        canned.answer(PUT=ScheduleResponse(rules=RULES))
        with pytest.raises(NotebookStopError) as error:
            stop(after="2h")
        assert error.value.code == "bad_server_answer"

    def test_a_newer_server_may_say_more(self, canned: Scheduling) -> None:
        answer = msgspec.to_builtins(ScheduleResponse(schedule=MADE, rules=RULES))
        answer["schedule"].update(state="dreaming", novelty=1)
        canned.answer(GET=(200, {**answer, "novelty": 1}))
        found = scheduled_stop()
        assert found is not None
        assert found.state == "dreaming"


class TestSeveralServers:
    """Whichever server has it, it is found and cancelled."""

    def test_shown_and_cancelled_at_every_one(self, canned: Scheduling, serve: Serve) -> None:
        second = serve(server=Scheduling)
        assert isinstance(second, Scheduling)
        nothing, one = ScheduleResponse(rules=RULES), ScheduleResponse(schedule=MADE, rules=RULES)
        for first, last in ((canned, second), (second, canned)):
            first.answer(GET=nothing, DELETE=nothing)
            last.answer(GET=one, DELETE=ScheduleResponse(replaced=MADE, rules=RULES))
            assert scheduled_stop() == MADE
            cancelled = cancel_scheduled_stop()
            assert cancelled is not None
            assert cancelled.id == MADE.id
        assert [method for method, _ in canned.asked_by_method].count("DELETE") == 2
        assert [method for method, _ in second.asked_by_method].count("DELETE") == 2

    @pytest.mark.parametrize("refused", [False, True])
    def test_a_new_one_replaces_that_of_another_server(self, canned: Scheduling, serve: Serve, refused: bool) -> None:
        second = serve(server=Scheduling)
        assert isinstance(second, Scheduling)
        new = msgspec.structs.replace(MADE, id="new")
        both = (canned, second)
        for one in both:
            one.answers["/jupyter-notebook-stop/instance"] = (
                200,
                msgspec.json.encode(Instance(id=OURS, schedule=MADE)),
            )
            cancelled: Any = (500, {}) if refused else ScheduleResponse(replaced=MADE, rules=RULES)
            one.answer(PUT=ScheduleResponse(schedule=new, rules=RULES), DELETE=cancelled)
        if refused:
            with pytest.raises(NotebookStopError, match=r"The stop is scheduled, but an earlier one at http://127\."):
                stop(at=HOUR + datetime.datetime.now(UTC))
        else:
            assert stop(at=HOUR + datetime.datetime.now(UTC)) == new
        # Whichever of the two is asked, the other one has to give up its own.
        asked = [[method for method, _ in one.asked_by_method if method != "GET"] for one in both]
        assert sorted(asked) == [["DELETE"], ["PUT"]]

    def test_one_that_is_too_old_has_none(self, canned: Scheduling, serve: Serve) -> None:
        serve(server=Scheduling)
        canned.answer(GET=ScheduleResponse(rules=RULES), DELETE=ScheduleResponse(rules=RULES))
        assert scheduled_stop() is None
        assert cancel_scheduled_stop() is None

    def test_one_that_does_not_cancel_is_not_passed_over(self, canned: Scheduling, serve: Serve) -> None:
        second = serve(server=Scheduling)
        assert isinstance(second, Scheduling)
        canned.answer(DELETE=ScheduleResponse(replaced=MADE, rules=RULES))
        second.answer(DELETE=(500, {}))
        with pytest.raises(NotebookStopError, match="HTTP 500"):
            cancel_scheduled_stop()


class TestInterrupt:
    """What was sent may have been taken: an interrupt says what has become of it."""

    @pytest.mark.parametrize(
        ("answer", "text"),
        [
            (
                ScheduleResponse(schedule=MADE, rules=RULES),
                "Too late to interrupt: the stop is scheduled.",
            ),
            (
                (400, msgspec.json.encode(Problem(code="x", message="The time is in the past."))),
                "The time is in the past. [x]",
            ),
            (None, "Could not confirm whether the stop was scheduled. Check with scheduled_stop()"),
        ],
    )
    def test_while_the_server_is_asked(
        self, canned: Scheduling, monkeypatch: pytest.MonkeyPatch, answer: Any, text: str
    ) -> None:
        from jupyter_notebook_stop.config import NotebookStop

        canned.hold.clear()
        if answer is not None:
            canned.answer(PUT=answer)
        else:
            monkeypatch.setattr(schedules, "_FINISH_TIMEOUT", 0.1)
        shown: list[ProgressUpdate] = []

        async def main() -> None:
            options = ScheduleOptions(when="idle")
            task = asyncio.ensure_future(schedules.set_schedule(NotebookStop(), options, shown.append))
            await asyncio.to_thread(until, lambda: canned.asked_by_method)
            task.cancel()
            await asyncio.sleep(0)
            if answer is not None:
                canned.hold.set()
            await asyncio.wait({task})
            assert task.cancelled()

        asyncio.run(main())
        canned.hold.set()
        assert [update.kind for update in shown] == ["failed"]
        assert shown[0].title.startswith(text)


def waiting() -> Schedule:
    """Return a schedule that waits for a notebook."""
    since = datetime.datetime.now(UTC) - 3.2 * HOUR
    kernel = BusyKernel(id="k", name="python3", path="train.ipynb", busy_since=since)
    work = AtRisk(kernels=[kernel])
    return msgspec.structs.replace(MADE, waiting_for=work)
