"""The roll call by a clock of its own: for how long it waits for whom, and what it makes of each report."""

from __future__ import annotations

import asyncio
from typing import Any, Optional

import pytest

from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.errors import InstanceStateError, NotebookStopError, SaveError
from jupyter_notebook_stop.schema import FAILED, HERE, MAY_END, OVER, SAVED, SAVING, WAITING, Attempt, Document, Tab
from jupyter_notebook_stop.server.activity import ConnectedKernel
from jupyter_notebook_stop.server.roll_call import RollCall

from ..model.virtual_time import VirtualLoop

NOTES = Document(path="notes.ipynb", reason="Read-only.")


class Call:
    """A roll call that is under way, and when and how it ends.

    Attributes
    ----------
    checked
        How often it was asked whether the stop would be refused.
    refusal
        What such a question is answered with.
    """

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self.kernels: list[ConnectedKernel] = []
        self.checked = 0
        self.refusal: Optional[NotebookStopError] = None
        config = NotebookStop(roll_call_timeout=2.0, save_timeout=5.0, cell_timeout=60.0)
        self.roll_call = loop.call(lambda: RollCall(config, self.check, self.connected))
        self.roll_call.can_notify_tabs = True
        self.attempt = Attempt(id="a1", phase=SAVING)
        self._began = 0.0
        self._task: Optional[asyncio.Task[None]] = None
        self._ended: Optional[float] = None

    async def check(self) -> None:
        self.checked += 1
        if self.refusal:
            raise self.refusal

    async def connected(self) -> list[ConnectedKernel]:
        return self.kernels

    def begin(self, listeners: Optional[int] = None, **attempt: Any) -> Call:
        """Begin; keywords are for the attempt."""
        self.roll_call.listeners = lambda: listeners
        self.attempt = Attempt(**{"id": "a1", "phase": SAVING, **attempt})
        self._task, self._ended, self._began = None, None, self.loop.time()

        async def main() -> None:
            try:
                await self.roll_call(self.attempt)
            finally:
                self._ended = self.loop.time()

        self._task = self.loop.create_task(main())
        # A test may ask for nothing but how long it took. Of an error that nobody asked for, asyncio tells when the
        # task is collected. Python 3.11 then parses source for the traceback, and cannot while it parses other source.
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        self.wait(0.0)
        return self

    def wait(self, seconds: float) -> Call:
        self.loop.let_pass(seconds)
        for _ in range(5):
            # One task wakes the next.
            self.loop.let_pass(0.0)
        return self

    def report(self, tab: str, state: str, *documents: Document, heard: bool = False, **more: Any) -> Call:
        report = Tab(id=tab, state=state, documents=list(documents), **more)
        self.roll_call.report(self.attempt, report, heard_event=heard)
        return self.wait(0.0)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._ended is not None

    @property
    def took(self) -> float:
        """For how long it lasted, well or not; it is awaited."""
        assert self._task is not None
        self.loop.run_until_complete(asyncio.wait([self._task]))
        assert self._ended is not None
        return round(self._ended - self._began, 2)

    @property
    def error(self) -> NotebookStopError:
        """Why it failed; it is awaited."""
        assert self.took >= 0
        assert self._task is not None
        error = self._task.exception()
        assert isinstance(error, NotebookStopError)
        return error

    @property
    def succeeded(self) -> bool:
        """Whether the stop may go on; it is awaited."""
        assert self.took >= 0
        assert self._task is not None
        return self._task.exception() is None

    def states(self) -> dict[str, str]:
        return {tab.id: tab.state for tab in self.attempt.tabs}


@pytest.fixture
def call(loop: VirtualLoop) -> Call:
    return Call(loop)


class TestWhoIsThere:
    """For how long tabs are waited for that have not reported."""

    @pytest.mark.parametrize("listeners", [None, 0])
    def test_where_nobody_is_known_to_listen_the_whole_time_is_waited(
        self, call: Call, listeners: Optional[int]
    ) -> None:
        call.begin(listeners).report("t1", SAVED, heard=True).report("t2", SAVED, heard=True)
        assert call.took == 2.0
        assert call.succeeded

    def test_it_ends_when_as_many_have_heard_as_listened(self, call: Call) -> None:
        call.begin(2).report("t1", SAVED, heard=True).wait(0.5)
        assert not call.over
        call.report("t1", SAVED, heard=True)
        assert not call.over, "one tab that reports twice is one"
        call.report("t2", SAVED, heard=True)
        assert call.took == 0.5

    def test_a_tab_that_learned_of_it_by_looking_does_not_count(self, call: Call) -> None:
        call.begin(1).report("t1", SAVED)
        assert call.took == 2.0

    def test_a_tab_that_does_not_say_how_it_learned_of_it_does_not_count(self, call: Call) -> None:
        call.begin(1)
        call.roll_call.report(call.attempt, Tab(id="t1", state=SAVED))
        assert call.took == 2.0

    def test_what_was_heard_of_another_attempt_does_not_count(self, call: Call) -> None:
        call.begin(1)
        before = Attempt(id="a0", phase=SAVING)
        call.roll_call.report(before, Tab(id="t1", state=SAVED), heard_event=True)
        assert call.took == 2.0

    def test_what_was_heard_of_an_attempt_that_is_over_is_forgotten(self, call: Call) -> None:
        assert call.begin(1).report("t1", SAVED, heard=True).took == 0.0
        assert call.begin(1).took == 2.0

    def test_more_reports_than_listeners(self, call: Call) -> None:
        call.begin(1).report("t1", HERE).report("t2", HERE, heard=True).report("t3", HERE, heard=True)
        call.wait(0.5).report("t1", SAVED).report("t2", SAVED).report("t3", SAVED)
        assert call.took == 0.5

    def test_where_tabs_cannot_be_told_nothing_is_stopped(self, call: Call) -> None:
        call.roll_call.can_notify_tabs = False
        call.begin(1)
        assert call.took == 0.0
        assert isinstance(call.error, SaveError)
        assert "the events of this Jupyter server do not work" in call.error.message

    def test_by_default_tabs_are_not_told_and_nobody_is_known_to_listen(self) -> None:
        assert RollCall.can_notify_tabs is False
        assert RollCall.listeners() is None


class TestWhoSaves:
    """For how long tabs are waited for that have reported."""

    def test_a_tab_may_take_its_time(self, call: Call) -> None:
        call.begin(1).report("t1", HERE, heard=True).wait(4.5)
        assert not call.over
        call.report("t1", SAVED)
        assert call.took == 4.5
        assert call.succeeded

    def test_a_tab_that_does_not_save_in_time(self, call: Call) -> None:
        call.begin().report("t1", HERE, Document(path="big.txt")).report("t2", SAVED, Document(path="small.txt"))
        assert call.took == 7.0
        assert call.error.message == "Nothing was stopped: 1 open tab did not report within 5 s."
        assert isinstance(call.error, SaveError)
        assert list(call.error.documents) == [{"path": "big.txt", "reason": "no report in time"}]

    def test_several_that_do_not_save_in_time(self, call: Call) -> None:
        call.begin().report("t1", HERE).report("t2", HERE)
        assert call.error.message == "Nothing was stopped: 2 open tabs did not report within 5 s."

    def test_a_tab_that_fails(self, call: Call) -> None:
        call.begin(1).report("t1", HERE, heard=True).report("t1", FAILED, NOTES)
        assert call.took == 0.0
        assert call.error.message == "Nothing was stopped: open documents could not be saved."
        assert isinstance(call.error, SaveError)
        assert list(call.error.documents) == [{"path": "notes.ipynb", "reason": "Read-only."}]

    def test_others_have_two_seconds_more_after_one_has_failed(self, call: Call) -> None:
        call.begin(2).report("t1", HERE, heard=True).report("t2", HERE, heard=True)
        call.wait(1.0).report("t1", FAILED, NOTES)
        assert call.took == 3.0
        reasons = "open documents could not be saved and 1 open tab did not report within 5 s"
        assert call.error.message == f"Nothing was stopped: {reasons}."

    def test_a_failure_makes_nobodys_time_longer(self, call: Call) -> None:
        call.begin(2).report("t1", HERE, heard=True).report("t2", HERE, heard=True)
        call.wait(4.5).report("t1", FAILED, NOTES)
        assert call.took == 5.0

    def test_after_all_have_reported_nobody_waits(self, call: Call) -> None:
        call.begin(2).report("t1", HERE, heard=True).report("t2", FAILED, NOTES, heard=True).wait(1.0)
        assert not call.over
        call.report("t1", SAVED)
        assert call.took == 1.0
        assert isinstance(call.error, SaveError)


class TestReports:
    """What is kept of the reports."""

    def test_here_does_not_take_back_what_was_saved(self, call: Call) -> None:
        call.begin().report("t1", HERE).report("t1", SAVED, NOTES).report("t1", HERE)
        assert call.states() == {"t1": SAVED}
        assert call.attempt.tabs[0].documents == [NOTES]

    def test_here_may_name_the_documents_later(self, call: Call) -> None:
        call.begin().report("t1", HERE).report("t1", HERE, NOTES)
        assert call.attempt.tabs[0].documents == [NOTES]

    def test_each_tab_is_kept_apart(self, call: Call) -> None:
        call.begin().report("t1", HERE).report("t2", HERE).report("t2", SAVED).report("t1", FAILED, NOTES)
        assert call.states() == {"t1": FAILED, "t2": SAVED}

    def test_kernels_are_remembered_until_others_are_told(self, call: Call) -> None:
        call.begin().report("t1", HERE, kernels=["k1"]).report("t1", SAVED)
        assert call.attempt.tabs[0].kernels == ["k1"]
        call.report("t1", SAVED, kernels=[])
        assert call.attempt.tabs[0].kernels == []

    def test_who_waits_for_a_cell_that_does_not_run_has_saved(self, call: Call) -> None:
        call.begin(1).report("t1", WAITING, NOTES, kernels=["k1"], heard=True)
        assert call.attempt.tabs == [Tab(id="t1", state=SAVED, documents=[NOTES], kernels=["k1"])]
        assert call.succeeded
        assert call.checked == 0

    def test_after_the_end_it_is_too_late(self, call: Call) -> None:
        call.begin()
        call.attempt.phase = "stopping"
        with pytest.raises(InstanceStateError) as caught:
            call.report("t1", SAVED)
        assert caught.value.code == "too_late"
        assert call.attempt.tabs == []


class TestSilentTabs:
    """Pages that hold a kernel and have not reported."""

    def test_one_is_waited_for_and_named(self, call: Call) -> None:
        call.kernels = [ConnectedKernel("k1", 1, "train.ipynb")]
        call.begin()
        assert call.took == 5.0
        assert call.error.code == "silent_tabs"
        assert call.error.message.startswith("Nothing was stopped: 1 open notebook or console is connected")
        assert isinstance(call.error, SaveError)
        assert [document["path"] for document in call.error.documents] == ["train.ipynb"]
        assert call.error.documents[0]["reason"] == "open in a page that did not respond"

    def test_who_ignores_them_waits_for_none(self, call: Call) -> None:
        call.kernels = [ConnectedKernel("k1", 1, "train.ipynb")]
        call.begin(silent="ignore")
        assert call.took == 2.0
        assert call.succeeded

    def test_one_that_reports_late_saves_like_the_others(self, call: Call) -> None:
        call.kernels = [ConnectedKernel("k1", 1, "train.ipynb")]
        call.begin().wait(4.5).report("t1", HERE, kernels=["k1"]).wait(3.0)
        assert not call.over
        call.report("t1", SAVED)
        assert call.took == 7.5
        assert call.succeeded

    def test_one_that_reports_late_and_does_not_save(self, call: Call) -> None:
        call.kernels = [ConnectedKernel("k1", 1, "train.ipynb")]
        call.begin().wait(4.5).report("t1", HERE, kernels=["k1"])
        assert call.took == 9.5
        assert call.error.code == "save_failed"

    def test_as_many_tabs_as_clients_are_all(self, call: Call) -> None:
        call.kernels = [ConnectedKernel("k1", 2, "train.ipynb"), ConnectedKernel("k2", 1, "plot.ipynb")]
        call.begin(2).report("t1", SAVED, kernels=["k1", "k2"], heard=True)
        call.report("t2", SAVED, kernels=["k1"], heard=True)
        assert call.took == 0.0
        assert call.succeeded

    def test_a_second_page_with_the_same_kernel_is_missed(self, call: Call) -> None:
        call.kernels = [ConnectedKernel("k1", 2, "train.ipynb"), ConnectedKernel("k2", 1, "plot.ipynb")]
        call.begin(1).report("t1", SAVED, kernels=["k1", "k2"], heard=True)
        assert call.took == 3.0
        assert isinstance(call.error, SaveError)
        assert [document["path"] for document in call.error.documents] == ["train.ipynb"]

    def test_where_a_page_does_not_tell_its_kernels_the_numbers_say_nothing(self, call: Call) -> None:
        call.kernels = [ConnectedKernel("k1", 1, "train.ipynb")]
        call.begin().report("t1", SAVED)
        assert call.took == 2.0
        assert call.succeeded


class TestCell:
    """A cell requested the stop, and the tab that shows it saves once more when it has ended."""

    def begin(self, call: Call) -> Call:
        return call.begin(2, cell="running").report("t1", WAITING, heard=True).report("t2", HERE, heard=True).wait(1.0)

    def over(self, call: Call) -> asyncio.Task[None]:
        task = call.loop.create_task(call.roll_call.until_cell_is_over())
        call.wait(0.0)
        return task

    def test_it_may_end_when_the_others_have_saved(self, call: Call) -> None:
        self.begin(call)
        assert (call.attempt.cell, call.checked) == ("running", 0)
        call.report("t2", SAVED)
        assert (call.attempt.cell, call.checked, call.over) == (MAY_END, 1, False)
        waiting = self.over(call)
        assert not waiting.done()
        call.wait(10.0).report("t1", SAVED)
        assert waiting.done()
        assert call.attempt.cell == OVER
        assert call.took == 11.0
        assert call.succeeded

    def test_one_that_does_not_end_is_waited_for_no_longer_than_allowed(self, call: Call) -> None:
        self.begin(call).report("t2", SAVED)
        waiting = self.over(call)
        call.wait(59.5)
        assert not waiting.done()
        call.wait(1.0)
        assert waiting.done()
        assert (call.attempt.cell, call.over) == (OVER, False)
        call.report("t1", SAVED)
        assert call.took == 61.5
        assert call.succeeded

    def test_the_tab_has_to_save_a_second_time(self, call: Call) -> None:
        self.begin(call).report("t2", SAVED)
        assert call.took == 1.0 + 60.0 + 5.0
        assert call.error.message == "Nothing was stopped: 1 open tab did not report within 5 s."

    def test_the_second_saving_may_fail(self, call: Call) -> None:
        self.begin(call).report("t2", SAVED).report("t1", FAILED, NOTES)
        assert call.took == 1.0
        assert call.error.code == "save_failed"

    def test_what_would_be_refused_is_raised_while_it_runs(self, call: Call) -> None:
        call.refusal = NotebookStopError("Not now.", code="refused")
        self.begin(call).report("t2", SAVED)
        assert call.error is call.refusal
        assert call.attempt.cell == "running"

    def test_without_a_cell_nothing_is_checked(self, call: Call) -> None:
        call.begin(1).report("t1", SAVED, heard=True)
        assert call.succeeded
        assert call.checked == 0

    def test_whoever_waits_for_it_is_let_go_when_the_roll_call_fails(self, call: Call) -> None:
        self.begin(call)
        waiting = self.over(call)
        call.report("t2", FAILED)
        assert isinstance(call.error, SaveError)
        call.wait(0.0)
        assert waiting.done()

    def test_the_next_roll_call_has_a_cell_of_its_own(self, call: Call) -> None:
        assert call.begin(1).report("t1", SAVED, heard=True).succeeded
        self.begin(call)
        waiting = self.over(call)
        assert not waiting.done()
