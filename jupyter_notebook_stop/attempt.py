"""One attempt to stop the instance: who asked, how, and what it has come to."""

from __future__ import annotations

import asyncio
import datetime
import uuid
from typing import Annotated, Any, Dict, List, Optional

import msgspec

from .errors import NotebookStopError

SAVING = "saving"
STOPPING = "stopping"
ACCEPTED = "accepted"
STOPPED = "stopped"
REFUSED = "refused"
CANCELLED = "cancelled"
RESUMED = "resumed"

Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
"""An id that an attempt or a tab has."""


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document of a tab and, where it could not be saved, why."""

    path: Annotated[str, msgspec.Meta(max_length=4096)]
    reason: Optional[Annotated[str, msgspec.Meta(max_length=1000)]] = None


class Tab(msgspec.Struct):
    """What a tab has said in a roll call: ``here``, ``saved`` or ``failed``."""

    id: str
    state: str
    documents: List[Document] = []


class Attempt(msgspec.Struct, kw_only=True, eq=False, weakref=True):
    """One attempt to stop this instance.

    Attributes
    ----------
    source
        Where it was asked for: ``palette``, ``menu``, ``cell``, ``terminal`` or ``api``.
    save
        ``all`` or ``none``.
    user, display_name
        Name of who asked, as the Jupyter server's identity provider knows it, and the name to show to people.
    tab, kernel
        Where the request came from, if from a tab or a kernel.
    phase
        What it has come to; one of the names of this module.
    """

    source: str = "api"
    save: str = "all"
    user: Optional[str] = None
    display_name: Optional[str] = None
    tab: Optional[str] = None
    kernel: Optional[str] = None
    id: str = msgspec.field(default_factory=lambda: uuid.uuid4().hex)
    phase: str = STOPPING
    started_at: datetime.datetime = msgspec.field(default_factory=lambda: datetime.datetime.now(datetime.timezone.utc))
    tabs: Dict[str, Tab] = {}
    error: Optional[NotebookStopError] = None
    task: Optional[asyncio.Task[Any]] = None

    @property
    def pending(self) -> bool:
        """Whether the cloud has not answered yet."""
        return self.phase in (SAVING, STOPPING)
