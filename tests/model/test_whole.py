"""Policy, roll call and the stand-in of the cloud together, by a virtual clock, through any order of events.

A night's run is ``python -m pytest tests/model --hypothesis-profile=night``.
"""

from __future__ import annotations

import datetime
import gc
from typing import Any, Optional

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from jupyter_notebook_stop.errors import SaveError

from .cloud import INSTANCE_ID, OTHER_ID
from .server import START, Server
from .surfaces import (
    ActivityHandler,
    Answer,
    AttemptHandler,
    InstanceHandler,
    ScheduleHandler,
    StopHandler,
    call,
)
from .tabs import KERNEL, Tab
from .troubles import ACTIONS, FAULTS, PAUSES, QUICK_TABS, SHOW_FAULTS, STOP_FAULTS, TABS, TROUBLES
from .world import World


class Whole(World):
    """Any order of tabs, stops, cancels, faults, restarts and waiting."""

    # What users do

    @rule(tab=TABS)
    def open_any_tab(self, tab: dict[str, Any]) -> None:
        self.open_a_tab(**tab)

    def open_a_tab(self, **how: Any) -> None:
        if sum(tab.open for tab in self.around.tabs) < 4:
            self.around.tabs.append(Tab(f"tab{next(self.names)}", **how, opened_at=self.loop.time()))

    @precondition(lambda self: any(tab.open for tab in self.around.tabs))
    @rule(which=st.integers(0, 3))
    def close_a_tab(self, which: int) -> None:
        shown = [tab for tab in self.around.tabs if tab.open]
        shown[which % len(shown)].open = False

    @precondition(lambda self: any(tab.open for tab in self.around.tabs))
    @rule(outcome=st.sampled_from(["saved", "failed", "hangs"]))
    def something_happens_to_the_tabs(self, outcome: str) -> None:
        for tab in self.around.tabs:
            tab.outcome = outcome

    @rule(
        source=st.sampled_from(["menu", "palette", "cell", "terminal", "api"]),
        save=st.sampled_from(["all", "all", "none"]),
        silent=st.sampled_from([None, None, "ignore"]),
        wait=st.sampled_from(PAUSES),
    )
    def ask_for_a_stop(self, source: str, save: str, silent: Optional[str], wait: float) -> None:
        identifier = f"attempt{next(self.names)}"
        body = {"instance_id": INSTANCE_ID, "source": source, "save": save, "attempt": identifier}
        body.update({"silent": silent} if silent else {})
        shown = [tab for tab in self.around.tabs if tab.open and tab.hears]
        query = {}
        if source in ("menu", "palette") and shown:
            body["tab"] = shown[0].id
            # The server counts it as there from the request on.
            self.server.reports.setdefault(identifier, {})
        if source == "cell":
            body["kernel"], query = KERNEL, {"cell_ends": "true"}
        self.latest = identifier
        self.asked.append((self._ask(body, query), self.server, identifier))
        self.let_pass(wait)

    def _ask(self, body: dict[str, str], query: dict[str, str]) -> Any:
        async def ask() -> Answer:
            answer = await call(StopHandler, "post", server, body=body, **query)
            self._check_answer(answer, server, body["attempt"])
            return answer

        server: Server = self.server

        async def begin() -> Any:
            return server.spawn(ask())

        return self.do(begin())

    def _check_answer(self, answer: Answer, server: Server, identifier: str) -> None:
        error = answer.error
        if answer.status == 202:
            phases = self.around.phases[answer.content["attempt"]["id"]]
            if "accepted" not in phases:
                self.around.broken.append(f"202 for an attempt that was {phases}")
        elif isinstance(error, SaveError) and error.code == "save_failed":
            attempt = server.instance.attempt
            states = [tab.state for tab in attempt.tabs] if attempt else []
            if not {"failed", "here", "waiting"}.intersection(states):
                self.around.broken.append("told that a tab has not saved, and all have")

    # The rules above and below in orders that chance alone would seldom find

    @rule(fault=FAULTS, after=st.sampled_from([0.015, 0.035, 0.05, 1.0, 5.0]), then=ACTIONS)
    def stop_without_saving(self, fault: str, after: float, then: str) -> None:
        self.stop_with_tabs([], "terminal", fault, after, then, 130.0)

    @rule(
        tabs=st.lists(TABS, max_size=2),
        source=st.sampled_from(["menu", "cell"]),
        fault=FAULTS,
        after=st.sampled_from([0.015, 0.035, 1.0, 2.03, 2.05, 3.0]),
        then=ACTIONS,
        wait=st.sampled_from([3.0, 45.0, 130.0]),
    )
    def stop_with_tabs(
        self, tabs: list[dict[str, Any]], source: str, fault: str, after: float, then: str, wait: float
    ) -> None:
        self._clear(fault)
        for tab in tabs:
            self.open_a_tab(**tab)
        self.let_pass(0.1)
        self.ask_for_a_stop(source, "none" if source == "terminal" else "all", None, after)
        self._act(then)
        self.let_pass(wait)

    @rule(tabs=st.lists(QUICK_TABS, min_size=1, max_size=3), slow=st.booleans())
    def stop_with_tabs_that_answer_soon(self, tabs: list[dict[str, Any]], slow: bool) -> None:
        """Once as many as listened have heard of it and answered, nobody is left to wait for."""
        late = {"hears": True, "looks": True, "delay": 1.9, "saving": 0.0, "outcome": "saved", "holds": False}
        self.stop_with_tabs([*tabs, *([late] if slow else [])], "menu", "", 3.0, "", 45.0)

    @rule(
        grace=st.sampled_from([None, 1.0]),
        fault=FAULTS,
        after=st.sampled_from([60.5, 62.0, 62.05, 62.06, 63.0, 75.0]),
        then=ACTIONS,
        wait=st.sampled_from([3.0, 130.0, 1_000.0]),
    )
    def wait_for_a_scheduled_stop(
        self, grace: Optional[float], fault: str, after: float, then: str, wait: float
    ) -> None:
        self._clear(fault)
        self.around.busy = False
        if grace is None:
            self.schedule_at(0.0)
        else:
            self.schedule_when_idle(grace)
        self.let_pass(after + (grace or 0.0))
        self._act(then)
        self.let_pass(wait)

    def _clear(self, fault: str) -> None:
        self.end_all_trouble()
        if self.cloud.instance.status not in ("STOPPING", "STOPPED"):
            self.cloud.instance.status = "RUNNING"
        elif self.cloud.instance.status == "STOPPED":
            self.restart_the_instance()
        for tab in self.around.tabs:
            tab.open = False
        if fault:
            self.have_a_stop_go_wrong(fault, 1)

    def _act(self, then: str) -> None:
        if then == "cancel" and self.latest:
            self.cancel(0.0)
        elif then == "interrupt":
            self.interrupt(0.0)
        elif then in ("restart", "crash"):
            self.restart_the_server(then == "crash")
        elif then == "cancel the schedule":
            self.cancel_the_schedule()
        elif then == "restart the instance":
            self.cloud.instance.status = "STOPPED"
            self.restart_the_instance()
        elif then == "read nothing":
            self.cloud.faults.add("show", SHOW_FAULTS["an error"], None)

    @rule()
    def ask_for_a_stop_of_another_instance(self) -> None:
        before = self.server.instance.attempt
        answer = self.do(call(StopHandler, "post", self.server, body={"instance_id": OTHER_ID}))
        assert answer.status == 409
        assert self.server.instance.attempt is before

    @precondition(lambda self: self.latest is not None)
    @rule(wait=st.sampled_from(PAUSES))
    def cancel(self, wait: float) -> None:
        assert self.latest
        current = self.server.instance.attempt
        identifier = current.id if current else self.latest
        answer = self.do(call(AttemptHandler, "delete", self.server, identifier))
        if answer.status == 204:
            self.around.promised.add(identifier)
        self.let_pass(wait)

    @rule(wait=st.sampled_from(PAUSES))
    def interrupt(self, wait: float) -> None:
        """As Ctrl-C does where no server runs."""
        current = self.server.instance.attempt
        if self.do(self.server.instance.cancel_unless_sent()):
            self.around.promised.add(current.id)
            assert not any(post.attempt == current.id and post.doubtful for post in self.cloud.posts)
        self.let_pass(wait)

    @rule(kind=st.sampled_from(["idle", "at"]), seconds=st.sampled_from([1.0, 60.0, 600.0]))
    def schedule(self, kind: str, seconds: float) -> None:
        (self.schedule_when_idle if kind == "idle" else self.schedule_at)(seconds)

    def schedule_when_idle(self, grace: float) -> None:
        self._schedule({"instance_id": INSTANCE_ID, "when": "idle", "grace": grace})

    def schedule_at(self, seconds: float) -> None:
        at = START + datetime.timedelta(seconds=self.loop.time() + seconds)
        self._schedule({"instance_id": INSTANCE_ID, "when": "at", "at": at})

    def _schedule(self, body: dict[str, Any]) -> None:
        self._replaced(self.do(call(ScheduleHandler, "put", self.server, body=body)))

    @rule()
    def cancel_the_schedule(self) -> None:
        self._replaced(self.do(call(ScheduleHandler, "delete", self.server)))

    def _replaced(self, answer: Answer) -> None:
        if answer.status == 200 and answer.content["replaced"]:
            self.around.promised.add(answer.content["replaced"]["id"])

    @rule(busy=st.booleans())
    def work(self, busy: bool) -> None:
        self.around.busy = busy
        self.do(call(ActivityHandler, "post", self.server))
        self.look()

    def look(self) -> None:
        answer = self.do(call(InstanceHandler, "get", self.server))
        assert answer.content["id"] == INSTANCE_ID

    @rule(seconds=st.sampled_from(PAUSES))
    def wait(self, seconds: float) -> None:
        self.let_pass(seconds)

    # What the cloud does

    @rule(trouble=TROUBLES)
    def begin_or_end_trouble(self, trouble: tuple[str, Any, Any]) -> None:
        what, first, second = trouble
        if what == "stop":
            self.have_a_stop_go_wrong(first, second)
        elif what == "show":
            self.have_a_read_go_wrong(first, second)
        elif what == "outcome":
            self.change_what_comes_of_a_stop(first, second)
        elif what == "network":
            self.cloud.reachable = first
        elif what == "console":
            self.somebody_uses_the_console(first)
        else:
            self.end_all_trouble()

    def have_a_stop_go_wrong(self, fault: str, times: int) -> None:
        self.cloud.faults.add("stop", STOP_FAULTS[fault], times)

    def have_a_read_go_wrong(self, fault: str, times: int) -> None:
        self.cloud.faults.add("show", SHOW_FAULTS[fault], times)

    def change_what_comes_of_a_stop(self, fails: str, late: float) -> None:
        self.cloud.instance.stop_fails_with, self.cloud.instance.late = fails, late

    def end_all_trouble(self) -> None:
        self.cloud.faults.clear()
        self.cloud.reachable = True

    def somebody_uses_the_console(self, status: str) -> None:
        if self.cloud.instance.status not in ("STOPPING", "STOPPED"):
            self.cloud.instance.status = status

    @rule(crash=st.booleans())
    def restart_the_server(self, crash: bool) -> None:
        self.end(crash)
        self.do(self.start())

    @precondition(lambda self: self.cloud.instance.status in ("STOPPED", "ERROR"))
    @rule()
    def restart_the_instance(self) -> None:
        """All that ran in it ends; what was scheduled in its last life must not stop this one."""
        self.let_pass(0.0)
        standing = self.server.scheduler.view
        if standing is not None:
            self.around.promised.add(standing.id)
        self.end(True)
        self.boot += 1
        self.cloud.instance.status = "RUNNING"
        self.around.tabs.clear()
        self.do(self.start())


def test_no_order_of_events_breaks_a_rule() -> None:
    profile = settings.get_profile("night") if settings.get_current_profile_name() == "night" else None
    given = profile or settings(max_examples=70, stateful_step_count=20, derandomize=True)
    # A run takes long where much virtual time passes, and what is left of one must not disturb the next.
    quiet = settings(given, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    Whole.steps = Whole.sent = Whole.early = 0
    run_state_machine_as_test(Whole, settings=quiet)
    gc.collect()
    print(f"{Whole.steps} steps, {Whole.sent} requests to stop, {Whole.early} after a roll call that ended early")
    assert Whole.steps >= 500
    assert Whole.sent >= 50
    assert Whole.early >= 5
