"""A cell that ends before the stop that it has requested: when it may, and what no call is left to raise then."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Callable, Optional

from ..errors import NotebookStopError
from ..schema import MAY_END, OVER, Accepted, Attempt, Instance
from .local_api import Address, LocalApi, LostServerError, error_of

POLL_INTERVAL = 0.2

Tell = Callable[[NotebookStopError], None]


async def until_cell_may_end(
    api: LocalApi, request: asyncio.Future[Accepted], attempt: str, kernel: Optional[str]
) -> Instance | None:
    """Wait for the response to a request; return the instance if before it all tabs wait for the cell to end."""
    while not request.done():
        with contextlib.suppress(NotebookStopError):
            instance = await api.instance(kernel)
            if isinstance(instance, Instance) and _lets_cell_end(instance.attempt, attempt):
                return instance
        await asyncio.wait({request}, timeout=POLL_INTERVAL)
    return None


def _lets_cell_end(current: Optional[Attempt], attempt: str) -> bool:
    return current is not None and current.id == attempt and current.cell in (MAY_END, OVER)


def tell_failure_later(address: Address, attempt: str, kernel: Optional[str], tell: Tell) -> None:
    """Call `tell` in a daemon thread if the attempt fails before the cloud has accepted it.

    Parameters
    ----------
    address
        The server that carries the attempt out.
    attempt
        Id of the attempt.
    kernel
        Id of this kernel.
    tell
        Called with the error.
    """

    def main() -> None:
        # If this fails, every open tab still says what happened.
        with contextlib.suppress(Exception):
            error = asyncio.run(_failure_of(address, attempt, kernel))
            if error is not None:
                tell(error)

    threading.Thread(target=main, name="jupyter_notebook_stop_news", daemon=True).start()


async def _failure_of(address: Address, attempt: str, kernel: Optional[str]) -> NotebookStopError | None:
    """Return why the attempt failed; None if it was accepted, or if that cannot be known."""
    async with LocalApi(address) as api:
        while True:
            try:
                instance = await api.instance(kernel)
            except LostServerError:
                return None
            except NotebookStopError:
                await asyncio.sleep(POLL_INTERVAL)
                continue
            current = instance.attempt if isinstance(instance, Instance) else None
            if current is None or current.id != attempt:
                return None
            if not current.pending:
                return error_of(current.error) if current.error else None
            await asyncio.sleep(POLL_INTERVAL)
