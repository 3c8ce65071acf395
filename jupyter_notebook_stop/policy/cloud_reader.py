"""What the cloud says of the instance, read once for all who ask at the same time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Callable, List

if TYPE_CHECKING:
    from ..modelarts.connection import Connection
    from ..modelarts.models import Notebook


class InstanceReader:
    """Reads the instance, and remembers what was read last.

    Parameters
    ----------
    connection
        The way to the cloud.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._reading: asyncio.Task[Notebook] | None = None
        self._latest: Notebook | None = None
        self._latest_at = float("-inf")
        self._acceptances = 0
        self._lease_observers: List[Callable[[], None]] = []

    @property
    def latest(self) -> Notebook | None:
        """The instance as the cloud last described it, if it ever did."""
        return self._latest

    async def show(self, max_age: float = 0.0) -> Notebook:
        """Return the instance as the cloud sees it.

        Parameters
        ----------
        max_age
            How old the description may be, in seconds.

        Raises
        ------
        NotebookStopError
            When the cloud cannot be read.
        """
        if self._latest is not None and time.monotonic() - self._latest_at < max_age:
            return self._latest
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read())
            self._reading.add_done_callback(self._forget_reading)
        return await asyncio.shield(self._reading)

    def _forget_reading(self, task: asyncio.Task[Notebook]) -> None:
        self._reading = None
        if not task.cancelled():
            task.exception()

    async def _read(self) -> Notebook:
        client = await self._connection.connect()
        acceptances = self._acceptances
        notebook = await client.show(self._connection.identity.instance_id.value)
        if acceptances != self._acceptances and self._latest is not None:
            # Requested before the stop was accepted: it may be older than what the cloud said then.
            return self._latest
        return self.remember(notebook)

    def remember(self, notebook: Notebook) -> Notebook:
        """Take what the cloud said just now for the latest."""
        self._latest, self._latest_at = notebook, time.monotonic()
        return notebook

    def accept(self, notebook: Notebook) -> None:
        """Remember how the cloud described the instance when it accepted a stop."""
        self._acceptances += 1
        self.remember(notebook)

    def observe_lease(self, observer: Callable[[], None]) -> None:
        """Have `observer` called whenever the lease was renewed."""
        self._lease_observers.append(observer)

    async def renew_lease(self, duration: int) -> None:
        """Have the platform stop the instance automatically in `duration` seconds from now.

        Raises
        ------
        NotebookStopError
            When the cloud refuses, or cannot be reached.
        """
        client = await self._connection.connect()
        # A person asks: the wait after a 401 does not apply.
        client.retry_credentials()
        lease = self._latest.lease if self._latest else None
        kind = "IDLE" if lease and lease.idle else "TIMING"
        await client.renew_lease(self._connection.identity.instance_id.value, duration * 1000, kind)
        self._latest_at = float("-inf")
        for observer in self._lease_observers:
            observer()

    async def aclose(self) -> None:
        """Cancel the read that is under way."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
