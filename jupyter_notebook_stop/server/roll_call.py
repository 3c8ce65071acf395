"""The roll call: every open tab is asked to save before the cloud is called.

It lasts a while, since nobody knows which tabs are open. It ends sooner once as
many tabs have heard the event as listened to it: a tab that learned of the
attempt by looking does not count, or it would stand for one that is slow.

A tab that reported ``here`` and does not report ``saved`` in time cancels the
stop for all. So does a page that holds a kernel and never responds, unless who
requests the stop says that it may be ignored.

Where a cell requested the stop, the tab that shows it saves a second time: once
all have saved, the cell may end, and its execution count and last outputs are
saved too.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, Awaitable, Callable, Collection, List, Optional, Set, Tuple

from ..config import NotebookStop
from ..errors import InstanceStateError, SaveError
from ..schema import FAILED, HERE, MAY_END, OVER, SAVED, SAVING, WAITING, Attempt, Tab
from ..translation import _, _n
from .activity import ConnectedKernel

OTHERS_GRACE = 2.0
"""How long other tabs may still report after one has failed, in seconds, so that the message is complete."""

SILENT_GRACE = 3.0
"""How much longer than others a page that holds a kernel may take to report, in seconds."""


class RollCall:
    """Waits for the tabs, and accepts their reports.

    Parameters
    ----------
    config
        The time limits.
    check
        Raises what a stop would be refused for.
    connected
        Returns the kernels that clients are connected to.

    Attributes
    ----------
    can_notify_tabs
        Whether open tabs learn that they should save.
    listeners
        Returns how many listened when the attempt was announced, or None if that is not known.
    """

    can_notify_tabs = False
    listeners: Callable[[], Optional[int]] = staticmethod(lambda: None)

    def __init__(
        self,
        config: NotebookStop,
        check: Callable[[], Awaitable[Any]],
        connected: Callable[[], Awaitable[List[ConnectedKernel]]],
    ) -> None:
        self._config = config
        self._check = check
        self._connected = connected
        self._changed = asyncio.Event()
        self._over = asyncio.Event()
        self._heard: Set[Tuple[str, str]] = set()

    async def __call__(self, attempt: Attempt) -> None:
        """Wait until every tab that has reported has saved.

        Raises
        ------
        SaveError
            When one could not, or did not in time, or did not respond at all.
        NotebookStopError
            When the stop would be refused, and a cell waits to hear of it.
        """
        if not self.can_notify_tabs:
            raise SaveError(
                _(
                    "Nothing was stopped: open tabs cannot be asked to save, because the events of this Jupyter server"
                    " do not work."
                ),
                remedy=_(
                    "Save in each open tab, then stop without saving. The log of the Jupyter server has the reason."
                ),
            )
        self._changed.clear()
        self._over = over = asyncio.Event()
        try:
            await self._present(attempt)
            await self._saved(attempt, [HERE])
            await self._look_for_silent_tabs(attempt)
            if any(tab.state == WAITING for tab in attempt.tabs):
                # What is refused is raised in the cell, as long as it runs.
                await self._check()
                attempt.cell = MAY_END
                await self._reported(attempt, [HERE, WAITING], self._config.cell_timeout)
                attempt.cell = OVER
                over.set()
                await self._saved(attempt, [HERE, WAITING])
        finally:
            over.set()
            self._heard.clear()

    async def _present(self, attempt: Attempt) -> None:
        """Wait until every listener has reported, or the time is over."""
        listeners = self.listeners()
        deadline = asyncio.get_running_loop().time() + self._config.roll_call_timeout
        while not listeners or len({tab for heard_of, tab in self._heard if heard_of == attempt.id}) < listeners:
            # Without any listener, the sockets of all tabs may be about to reconnect.
            if not await self._change_until(deadline):
                return

    async def _saved(self, attempt: Attempt, open_states: Collection[str]) -> None:
        await self._reported(attempt, open_states, self._config.save_timeout)
        unsaved = [tab for tab in attempt.tabs if tab.state == FAILED or tab.state in open_states]
        if unsaved:
            raise self._failure(unsaved)

    async def _reported(self, attempt: Attempt, open_states: Collection[str], timeout: float) -> None:
        """Wait until no tab is in one of these states, or the time is over."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while any(tab.state in open_states for tab in attempt.tabs):
            if any(tab.state == FAILED for tab in attempt.tabs):
                deadline = min(deadline, loop.time() + OTHERS_GRACE)
            if not await self._change_until(deadline):
                return

    async def _change_until(self, deadline: float) -> bool:
        """Wait for the next report; return whether it came in time."""
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), deadline - asyncio.get_running_loop().time())
        except asyncio.TimeoutError:
            return False
        return True

    async def _look_for_silent_tabs(self, attempt: Attempt) -> None:
        """Raise an error if a page that holds a kernel has not reported."""
        if attempt.silent == "ignore":
            return
        deadline = asyncio.get_running_loop().time() + SILENT_GRACE
        while True:
            silent = await self._silent_kernels(attempt)
            if not silent:
                return
            if not await self._change_until(deadline):
                raise _silent_tabs(silent)
            await self._saved(attempt, [HERE])

    async def _silent_kernels(self, attempt: Attempt) -> List[ConnectedKernel]:
        held: Counter[str] = Counter()
        for tab in attempt.tabs:
            if tab.kernels is None:
                # A page of an older version, or a client of another kind: the numbers say nothing.
                return []
            held.update(tab.kernels)
        return [kernel for kernel in await self._connected() if kernel.connections > held[kernel.id]]

    def report(self, attempt: Attempt, report: Tab, *, heard_event: bool = False) -> None:
        """Accept what a tab reports, and whether the event has told it of the attempt.

        Raises
        ------
        InstanceStateError
            When saving has ended.
        """
        if attempt.phase != SAVING:
            raise InstanceStateError(_("Saving has ended for this attempt."), code="too_late")
        if heard_event:
            self._heard.add((attempt.id, report.id))
        if report.state == WAITING and attempt.cell is None:
            report = Tab(id=report.id, state=SAVED, documents=report.documents, kernels=report.kernels)
        known = {tab.id: index for index, tab in enumerate(attempt.tabs)}
        if report.id not in known:
            attempt.tabs.append(report)
        elif report.state != HERE or attempt.tabs[known[report.id]].state == HERE:
            before = attempt.tabs[known[report.id]]
            kernels = before.kernels if report.kernels is None else report.kernels
            attempt.tabs[known[report.id]] = Tab(
                id=report.id, state=report.state, documents=report.documents, kernels=kernels
            )
        self._changed.set()

    async def until_cell_is_over(self) -> None:
        """Wait until tabs should wait no longer for the cell that requested the stop."""
        await self._over.wait()

    def _failure(self, unsaved: List[Tab]) -> SaveError:
        late = [tab for tab in unsaved if tab.state != FAILED]
        parts = []
        if len(unsaved) > len(late):
            parts.append(_("open documents could not be saved"))
        if late:
            limit = self._config.save_timeout

            parts.append(
                _n(
                    "{n} open tab did not report within {limit:g} s",
                    "{n} open tabs did not report within {limit:g} s",
                    len(late),
                    limit=limit,
                )
            )
        error = SaveError(
            _("Nothing was stopped: {reasons}.", reasons=_(" and ").join(parts)),
            remedy=_("Fix or close these documents and try again, or stop without saving."),
        )
        error.documents = tuple(
            {"path": document.path, "reason": document.reason if tab.state == FAILED else _("no report in time")}
            for tab in unsaved
            for document in tab.documents
        )
        return error


def _silent_tabs(kernels: List[ConnectedKernel]) -> SaveError:
    error = SaveError(
        _n(
            "Nothing was stopped: {n} open notebook or console is connected to a kernel and did not respond, so unsaved"
            " changes could be lost.",
            "Nothing was stopped: {n} open notebooks or consoles are connected to a kernel and did not respond, so"
            " unsaved changes could be lost.",
            len(kernels),
        ),
        code="silent_tabs",
        remedy=(
            _(
                "Look for a page in another window, browser or program, save and close it there, and try again. To stop"
                " anyway, stop without saving, or set c.NotebookStop.silent_tabs = 'ignore'."
            )
        ),
    )
    error.documents = tuple(
        {"path": kernel.path, "reason": _("open in a page that did not respond")} for kernel in kernels
    )
    return error
