"""One Jupyter server of the model, from its start to its end, and what must hold of all that it does."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
from types import SimpleNamespace
from typing import Any, Optional

import httpx

from jupyter_notebook_stop.clock import ClockReading
from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.modelarts.connection import Connection
from jupyter_notebook_stop.policy.instance import AttemptRun, ThisInstance
from jupyter_notebook_stop.policy.schedule_file import ScheduleFile
from jupyter_notebook_stop.policy.scheduler import SOURCE, Scheduler
from jupyter_notebook_stop.schema import ACCEPTED, SAVING, STOPPED, AtRisk, BusyKernel
from jupyter_notebook_stop.server.activity import ConnectedKernel
from jupyter_notebook_stop.server.roll_call import RollCall
from jupyter_notebook_stop.simulator.request_log import Request

from .cloud import ACCESS_KEY, INSTANCE_ID, PROJECT_ID, SECRET_KEY, Cloud, Post, Way
from .tabs import KERNEL, ROLL_CALL, Tab

START = datetime.datetime(2026, 11, 28, 22, 0, tzinfo=datetime.timezone.utc)

ENVIRONMENT = {
    "INSTANCE_ID": INSTANCE_ID,
    "PROJECT_ID": PROJECT_ID,
    "MODELARTS_ENDPOINT": "http://127.0.0.1:9",
    "HUAWEICLOUD_SDK_AK": ACCESS_KEY,
    "HUAWEICLOUD_SDK_SK": SECRET_KEY,
}


@dataclasses.dataclass
class Around:
    """What surrounds the servers, and outlives them.

    Attributes
    ----------
    broken
        The rules that were broken, in words.
    early
        How often a roll call ended before its full time.
    promised
        Attempts, and schedules, of which somebody was told that they are cancelled.
    """

    loop: asyncio.AbstractEventLoop
    cloud: Cloud
    folder: str
    tabs: list[Tab] = dataclasses.field(default_factory=list)
    busy: bool = False
    broken: list[str] = dataclasses.field(default_factory=list)
    early: int = 0
    promised: set[str] = dataclasses.field(default_factory=set)
    phases: dict[str, list[str]] = dataclasses.field(default_factory=dict)

    def reading(self) -> ClockReading:
        now = self.loop.time()
        return ClockReading(START + datetime.timedelta(seconds=now), 1000.0 + now, 500.0 + now)


class Server:
    """A Jupyter server, as far as the extension sees one.

    Attributes
    ----------
    reports
        What tabs have reported of each attempt, and the server has accepted.
    listened
        How many tabs listened when the last attempt was announced.
    began
        When each attempt began.
    """

    def __init__(self, around: Around, boot: int) -> None:
        self.around = around
        self.boot = boot
        self.gone = False
        self.listened = 0
        self.reports: dict[str, dict[str, str]] = {}
        self.began: dict[str, float] = {}
        self.way = Way(around.cloud, self._on_post)
        self.tasks: set[asyncio.Task[Any]] = set()
        config = NotebookStop(poll_interval=5.0, roll_call_timeout=ROLL_CALL)
        self.instance = ThisInstance(Connection(config, environ=ENVIRONMENT, hostname="somewhere"))
        self.activity = SimpleNamespace(at_risk=self._at_risk, connected=self._connected)
        self.roll_call = RollCall(config, self.instance.check, self._connected)
        self.roll_call.can_notify_tabs = True
        self.roll_call.listeners = lambda: self.listened
        self.scheduler = Scheduler(self.instance, self.roll_call, self._work, around.reading)
        self.instance.observe(self._on_phase)
        self.file = ScheduleFile(INSTANCE_ID, around.folder)
        self.scheduler.restore(self.file)

    def use(self, http: httpx.AsyncClient) -> httpx.AsyncClient:
        """Have a client take this server's way to the cloud."""
        http._transport = self.way
        return http

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._break(f"something failed: {task.exception()!r}")

    def _break(self, rule: str) -> None:
        self.around.broken.append(rule)

    async def _at_risk(self, kernel: Optional[str] = None) -> AtRisk:
        busy = [BusyKernel(id="k2", name="python3")] if self.around.busy else []
        return AtRisk(kernels=busy)

    async def _work(self) -> tuple[AtRisk, bool]:
        return await self._at_risk(), False

    async def _connected(self) -> list[ConnectedKernel]:
        connections = sum(tab.open and tab.holds for tab in self.around.tabs)
        return [ConnectedKernel(KERNEL, connections, "a.ipynb")] if connections else []

    def _on_phase(self, run: AttemptRun) -> None:
        attempt = run.attempt
        phases = self.around.phases.setdefault(attempt.id, [])
        phases.append(attempt.phase)
        self.began.setdefault(attempt.id, self.around.loop.time())
        if self.gone:
            return
        if attempt.phase == SAVING:
            self.listened = sum(tab.open and tab.hears for tab in self.around.tabs)
            for tab in self.around.tabs:
                if tab.open and (tab.hears or tab.looks):
                    self.spawn(tab.take_part(self, attempt.id))
        if attempt.phase in (ACCEPTED, STOPPED):
            self._check_told(attempt.id, attempt.phase)

    def _check_told(self, attempt: str, phase: str) -> None:
        """Nobody may be told of a stop that the cloud knows nothing of."""
        cloud, since = self.around.cloud, self.began[attempt]
        if phase == STOPPED and not cloud.had({"STOPPED"}, since):
            self._break("told that the instance has stopped, and it has not")
        accepted = any(post.attempt == attempt and post.request.status in (200, 201) for post in cloud.posts)
        if phase == ACCEPTED and not accepted and not cloud.had({"STOPPING", "STOPPED"}, since):
            self._break("told that the cloud accepts the stop, and it has not")

    def _on_post(self, request: Request) -> Post:
        """Check what must hold when a request to stop leaves."""
        attempt, around = self.instance.attempt, self.around
        assert attempt is not None
        standing = self.scheduler.view
        schedule = standing.id if standing and attempt.source == SOURCE else None
        earlier = [post for post in around.cloud.posts if post.doubtful]
        if any(post.attempt == attempt.id for post in earlier):
            self._break("a second request for an attempt whose first may have been taken")
        if schedule and any(post.schedule == schedule for post in earlier):
            self._break("a second request for a schedule whose first may have been taken")
        if attempt.source == SOURCE and schedule is None:
            self._break("a request for a schedule that does not stand")
        if attempt.id in around.promised or schedule in around.promised:
            self._break("a request after a cancel that was confirmed")
        if request.path.rpartition("/stop")[0].rpartition("/")[2] != INSTANCE_ID:
            self._break("a request for another instance")
        if attempt.save == "all":
            self._check_saved(attempt.id, attempt.silent)
        return Post(attempt.id, schedule, request)

    def _check_saved(self, attempt: str, silent: str) -> None:
        reports = self.reports.get(attempt, {})
        if any(state != "saved" for state in reports.values()):
            self._break(f"a request although tabs have not saved: {reports}")
        since = self.began[attempt]
        self.around.early += self.around.loop.time() < since + ROLL_CALL
        passed_over = [
            tab for tab in self.around.tabs if tab.in_time and tab.id not in reports and tab.opened_at < since
        ]
        if passed_over:
            self._break(f"a request before tabs that have heard of it have answered: {passed_over}")
        unheard = [
            tab
            for tab in self.around.tabs
            if tab.open and tab.holds and tab.id not in reports and tab.opened_at < since
        ]
        if unheard and silent == "cancel":
            self._break(f"a request although a tab that holds a kernel was silent: {unheard}")

    async def end(self, crash: bool) -> None:
        """End the server; a crash leaves everything as it is."""
        self.gone = True
        if crash:
            self.way.cut = True
            self.file.write = lambda scheduled: None  # type: ignore[method-assign]
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for part in (self.scheduler, self.instance):
            closing = asyncio.ensure_future(part.aclose())
            await asyncio.wait({closing}, timeout=60.0)
            if not closing.done():
                tasks = [str(task) for task in asyncio.all_tasks()]
                self._break(f"the server does not end: {part} waits for one of {tasks}")
