"""The world in which the events of a model happen, and the rules that hold in it whatever their order is."""

from __future__ import annotations

import contextlib
import itertools
import logging
import shutil
import tempfile
from typing import Any, ClassVar, Optional
from unittest import mock

import httpx
from hypothesis.stateful import RuleBasedStateMachine, invariant

from jupyter_notebook_stop.policy import schedule_file
from jupyter_notebook_stop.policy.schedule import may_have_taken_effect
from jupyter_notebook_stop.schema import CANCELLED, REFUSED, RESUMED, STOPPED

from .cloud import Cloud
from .server import Around, Server
from .virtual_time import VirtualLoop, virtual_time

ORDER = ["saving", "stopping", "accepted", "stopped", "resumed", "refused", "cancelled"]


class World(RuleBasedStateMachine):
    """A cloud, the servers of one instance, one after the other, and what was asked of them."""

    steps: ClassVar[int] = 0
    sent: ClassVar[int] = 0
    early: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.folder = tempfile.mkdtemp(prefix="model-")
        self.cloud = Cloud(self.loop)
        self.around = Around(self.loop, self.cloud, self.folder)
        self.boot, self.generation, self.names = 1, 0, itertools.count()
        self.asked: list[tuple[Any, Server, str]] = []
        self.latest: Optional[str] = None
        self.server: Any = None
        log = logging.getLogger("jupyter_notebook_stop")
        self.patches = contextlib.ExitStack()
        self.patches.enter_context(virtual_time(self.loop, lambda http: self._use(http)))
        self.patches.enter_context(mock.patch.object(log, "handlers", [_Alarm(self.around.broken)]))
        self.patches.enter_context(mock.patch.object(log, "propagate", False))
        self.loop.run_until_complete(self.start())

    def _use(self, http: httpx.AsyncClient) -> httpx.AsyncClient:
        server: Server = self.server
        return server.use(http)

    def _named(self) -> Any:
        """Name the processes of this model: the servers that have ended are no more."""
        return mock.patch.multiple(
            schedule_file,
            identify_boot=lambda: f"boot {self.boot}",
            identify_process=lambda pid: f"{pid}:{self.generation}",
        )

    async def start(self) -> None:
        self.server = Server(self.around, self.boot)

    def let_pass(self, seconds: float) -> None:
        with self._named():
            self.loop.let_pass(seconds)

    def do(self, work: Any) -> Any:
        with self._named():
            return self.loop.run_until_complete(work)

    def end(self, crash: bool) -> None:
        self.do(self.server.end(crash))
        self.generation += 1

    # What must hold

    @invariant()
    def no_rule_is_broken(self) -> None:
        type(self).steps += 1
        assert not self.around.broken, self.around.broken

    def teardown(self) -> None:
        try:
            # Longer than any stop is followed, and whatever trouble there still is.
            self.let_pass(4_100.0)
            assert not self.around.broken, self.around.broken
            attempt = self.server.instance.attempt
            assert attempt is None or not attempt.under_way or attempt.source == "schedule", "an attempt has no end"
            for task, server, _ in self.asked:
                assert task.done() or server.gone, "somebody waits for ever"
            self._check_what_was_told()
            type(self).sent += len(self.cloud.posts)
            type(self).early += self.around.early
        finally:
            self.end(False)
            assert not self.around.broken, self.around.broken
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.patches.close()
            self.loop.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _check_what_was_told(self) -> None:
        for task, _, identifier in self.asked:
            answer = None if task.cancelled() or not task.done() else task.result()
            if answer is None or answer.error is None or may_have_taken_effect(answer.error):
                continue
            phases = self.around.phases.get(identifier, [])
            if phases and phases[-1] in (REFUSED, CANCELLED):
                taken = [post for post in self.cloud.posts if post.attempt == identifier and post.request.took_effect]
                assert not taken, f"told that nothing was stopped ({answer.error}), and it was"
        for phases in self.around.phases.values():
            ends = [phase for phase in phases if phase in (REFUSED, CANCELLED, STOPPED, RESUMED)]
            assert len(ends) <= 1, f"more than one end: {phases}"
            assert ends == phases[-1:] or not ends, f"it went on after its end: {phases}"
            assert phases == sorted(phases, key=ORDER.index), f"not in order: {phases}"


class _Alarm(logging.Handler):
    """Takes what the package logs as an error for a rule that is broken: it was not expected."""

    def __init__(self, broken: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._broken = broken

    def emit(self, record: logging.LogRecord) -> None:
        self._broken.append(f"logged: {record.getMessage()} {record.exc_info}")
