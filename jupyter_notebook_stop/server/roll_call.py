"""The roll call: every open tab is asked to save before the cloud is called.

A tab that reported ``here`` and does not report ``saved`` in time cancels the
stop for all. A tab that never responds is ignored.
"""

from __future__ import annotations

import asyncio
from typing import List

from ..config import NotebookStop
from ..errors import InstanceStateError, SaveError
from ..schema import FAILED, HERE, SAVED, SAVING, Attempt, Tab

OTHERS_GRACE = 2.0
"""How long other tabs may still report after one has failed, in seconds, so that the message is complete."""


class RollCall:
    """Waits for the tabs, and accepts their reports.

    Parameters
    ----------
    config
        The time limits.

    Attributes
    ----------
    tabs_are_told
        Whether open tabs learn that they should save.
    """

    tabs_are_told = False

    def __init__(self, config: NotebookStop) -> None:
        self._config = config
        self._changed = asyncio.Event()

    async def __call__(self, attempt: Attempt) -> None:
        """Wait until every tab that has reported has saved.

        Raises
        ------
        SaveError
            When one could not, or did not in time.
        """
        if not self.tabs_are_told:
            raise SaveError(
                "Nothing was stopped: open tabs cannot be asked to save, because the events of this Jupyter server"
                " do not work.",
                remedy="Save in each open tab, then stop without saving. The log of the Jupyter server has the reason.",
            )
        self._changed.clear()
        await asyncio.sleep(self._config.roll_call_timeout)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._config.save_timeout
        while any(tab.state == HERE for tab in attempt.tabs):
            if any(tab.state == FAILED for tab in attempt.tabs):
                deadline = min(deadline, loop.time() + OTHERS_GRACE)
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), deadline - loop.time())
            except asyncio.TimeoutError:
                break
        unsaved = [tab for tab in attempt.tabs if tab.state != SAVED]
        if unsaved:
            raise self._failure(unsaved)

    def report(self, attempt: Attempt, report: Tab) -> None:
        """Accept what a tab reports.

        Raises
        ------
        InstanceStateError
            When saving has ended.
        """
        if attempt.phase != SAVING:
            raise InstanceStateError("Saving has ended for this attempt.", code="too_late")
        known = {tab.id: index for index, tab in enumerate(attempt.tabs)}
        if report.id not in known:
            attempt.tabs.append(report)
        elif report.state != HERE or attempt.tabs[known[report.id]].state == HERE:
            attempt.tabs[known[report.id]] = report
        self._changed.set()

    def _failure(self, unsaved: List[Tab]) -> SaveError:
        late = [tab for tab in unsaved if tab.state == HERE]
        parts = []
        if len(unsaved) > len(late):
            parts.append("open documents could not be saved")
        if late:
            tabs = "1 open tab" if len(late) == 1 else f"{len(late)} open tabs"
            parts.append(f"{tabs} did not report within {self._config.save_timeout:g} s")
        error = SaveError(
            f"Nothing was stopped: {' and '.join(parts)}.",
            remedy="Fix or close these documents and try again, or stop without saving.",
        )
        error.documents = tuple(
            {"path": document.path, "reason": "no report in time" if tab.state == HERE else document.reason}
            for tab in unsaved
            for document in tab.documents
        )
        return error
