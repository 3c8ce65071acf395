"""The roll call: every open tab is asked to save before the cloud is called.

A tab that said ``here`` and does not report ``saved`` in time cancels the
stop for all; only a tab that never answered is passed over.
"""

from __future__ import annotations

import asyncio
from typing import List

from ..attempt import SAVING, Attempt, Document, Tab
from ..config import NotebookStop
from ..errors import InstanceStateError, SaveError

HERE = "here"
SAVED = "saved"
FAILED = "failed"

OTHERS_GRACE = 2.0
"""How long other tabs may still report after one has failed, in seconds, so that the message is complete."""


class RollCall:
    """Asks the tabs, waits for them, and takes their reports.

    Parameters
    ----------
    config
        The time limits.
    """

    def __init__(self, config: NotebookStop) -> None:
        self._config = config
        self._changed = asyncio.Event()

    async def __call__(self, attempt: Attempt) -> None:
        """Wait until every tab that is there has saved.

        Raises
        ------
        SaveError
            When one could not, or did not in time.
        """
        self._changed.clear()
        if attempt.tab:
            attempt.tabs[attempt.tab] = Tab(attempt.tab, HERE)
        await asyncio.sleep(self._config.roll_call_timeout)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._config.save_timeout
        while any(tab.state == HERE for tab in attempt.tabs.values()):
            if any(tab.state == FAILED for tab in attempt.tabs.values()):
                deadline = min(deadline, loop.time() + OTHERS_GRACE)
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), deadline - loop.time())
            except asyncio.TimeoutError:
                break
        unsaved = [tab for tab in attempt.tabs.values() if tab.state != SAVED]
        if unsaved:
            raise self._failure(unsaved)

    def report(self, attempt: Attempt, tab: str, state: str, documents: List[Document]) -> None:
        """Take what a tab says.

        Raises
        ------
        InstanceStateError
            When saving is over.
        """
        if attempt.phase != SAVING:
            raise InstanceStateError("Saving is over for this attempt.", code="too_late")
        known = attempt.tabs.get(tab)
        if known is None or known.state == HERE or state != HERE:
            attempt.tabs[tab] = Tab(tab, state, documents)
        self._changed.set()

    def _failure(self, unsaved: List[Tab]) -> SaveError:
        documents: List[dict[str, str | None]] = []
        for tab in unsaved:
            if tab.state == HERE:
                documents += [{"path": doc.path, "reason": "no report in time"} for doc in tab.documents]
            else:
                documents += [{"path": doc.path, "reason": doc.reason} for doc in tab.documents]
        late = sum(tab.state == HERE for tab in unsaved)
        parts = []
        if len(unsaved) > late:
            parts.append("open documents could not be saved")
        if late:
            parts.append(
                f"{late} open tab{'s' if late > 1 else ''} did not report within {self._config.save_timeout:g} s"
            )
        error = SaveError(
            f"Nothing was stopped: {' and '.join(parts)}.",
            remedy="Save or close these documents, then stop again; or stop without saving.",
        )
        error.documents = tuple(documents)
        return error
