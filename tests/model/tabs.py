"""The tabs of the model: what a page does when it hears of a stop."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Optional

from .surfaces import InstanceHandler, TabHandler, call

if TYPE_CHECKING:
    from .server import Server

KERNEL = "k1"

ROLL_CALL = 2.0
"""How long the server waits for tabs that may be there, in seconds."""


@dataclasses.dataclass
class Tab:
    """An open page.

    Attributes
    ----------
    hears
        Whether its event socket works.
    looks
        Whether it learns of a stop by looking, where it does not hear of it.
    delay, saving
        How long it takes to answer the roll call, and to save.
    outcome
        ``saved``, ``failed``, or ``hangs`` if it never says.
    holds
        Whether it shows a notebook, and so is connected to its kernel.
    """

    id: str
    hears: bool
    looks: bool
    delay: float
    saving: float
    outcome: str
    holds: bool
    open: bool = True
    opened_at: float = 0.0

    @property
    def in_time(self) -> bool:
        """Whether it answers while the server still waits for the tabs that have heard of the stop."""
        return self.open and self.hears and self.delay < ROLL_CALL

    async def take_part(self, server: Server, attempt: str) -> None:
        """Answer the roll call, as the page's code does."""
        await asyncio.sleep(self.delay)
        if not await self._report(server, attempt, "here"):
            return
        await asyncio.sleep(self.saving)
        if self.outcome == "hangs":
            return
        cell = await self._cell(server, attempt)
        if cell is not None and self.holds and self.outcome == "saved":
            waiting = asyncio.ensure_future(self._report(server, attempt, "waiting"))
            while not waiting.done() and await self._cell(server, attempt) == "running":
                await asyncio.wait({waiting}, timeout=0.2)
            await asyncio.sleep(self.saving)
        await self._report(server, attempt, self.outcome)

    async def _cell(self, server: Server, attempt: str) -> Optional[str]:
        answer = await call(InstanceHandler, "get", server)
        current = (answer.content or {}).get("attempt") or {}
        return current.get("cell") if current.get("id") == attempt else None

    async def _report(self, server: Server, attempt: str, state: str) -> bool:
        if not self.open or server.gone:
            return False
        body = {"state": state, "documents": [{"path": "a.ipynb"}], "kernels": [KERNEL] if self.holds else []}
        reports = server.reports.setdefault(attempt, {})
        if state == "waiting":
            # It counts when it is sent: its answer comes when the cell is over.
            reports[self.id] = state
        answer = await call(
            TabHandler, "put", server, attempt, self.id, body=body, heard="event" if self.hears else "look"
        )
        if answer.status == 204 and state != "waiting":
            reports[self.id] = state
        return answer.status == 204
