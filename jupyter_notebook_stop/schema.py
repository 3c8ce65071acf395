"""The responses of server/rest-api.yml, each struct once: what the page, the cell and the terminal may see.

The server encodes them, a kernel or terminal decodes the same. They are an allow-list: there is no field that a secret
could travel in. Those of a report are in policy/diagnostics.py.
"""

from __future__ import annotations

import datetime
import uuid
from typing import Annotated, Dict, List, Optional, Union

import msgspec

SAVING = "saving"
STOPPING = "stopping"
ACCEPTED = "accepted"
STOPPED = "stopped"
REFUSED = "refused"
CANCELLED = "cancelled"
RESUMED = "resumed"

HERE = "here"
WAITING = "waiting"
SAVED = "saved"
FAILED = "failed"

COUNTDOWN = "countdown"
RETRYING = "retrying"
ENDED = "ended"

RUNNING = "running"
MAY_END = "may_end"
OVER = "over"

Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
"""The id of an attempt or a tab."""

ShortText = Annotated[str, msgspec.Meta(max_length=100)]


class _Response(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a response; fields that a newer server adds are ignored."""


class Document(_Response, frozen=True, kw_only=True):
    """A document of a tab and, if it could not be saved, the reason."""

    path: Annotated[str, msgspec.Meta(max_length=4096)]
    reason: Optional[Annotated[str, msgspec.Meta(max_length=1000)]] = None


class Problem(_Response, frozen=True, kw_only=True):
    """Why something was refused.

    Attributes
    ----------
    kind
        Name of the exception that a Python caller gets.
    documents
        The documents that could not be saved, if saving is the reason.
    """

    code: str
    message: str
    kind: Optional[str] = None
    remedy: Optional[str] = None
    request_id: Optional[str] = None
    upstream_status: Optional[int] = None
    documents: Union[List[Document], msgspec.UnsetType] = msgspec.UNSET


class Tab(_Response, frozen=True, kw_only=True):
    """What an open tab has reported.

    Attributes
    ----------
    state
        ``here``, ``saved`` or ``failed``; ``waiting`` if it has saved, and will save once more when the cell has ended.
    kernels
        Ids of the kernels it is connected to, one for each connection; None if it does not tell.
    """

    id: str
    state: str
    documents: List[Document] = []
    kernels: Optional[List[str]] = None


class Attempt(msgspec.Struct, kw_only=True):
    """One attempt to stop the instance.

    The policy updates it as the stop goes on; what others get is a copy.

    Attributes
    ----------
    phase
        How far it is: one of the first seven constants of this module.
    source
        Where it was requested: ``palette``, ``menu``, ``cell``, ``terminal``, ``api`` or ``schedule``.
    user, username
        Who requested it, as shown to people; the account, which alone tells two people of one name apart.
    save
        ``all`` or ``none``.
    silent
        What to do if a page that holds a kernel does not respond: ``cancel`` the stop, or ``ignore`` the page.
    kernel
        The kernel that requested it, if any.
    cell
        ``running`` if it was requested by a cell that can end before the stop, ``may_end`` once all tabs have saved,
        ``over`` when the tabs wait for it no longer; else None.
    error
        Why it failed, if it did.
    """

    id: str = msgspec.field(default_factory=lambda: uuid.uuid4().hex)
    phase: str = STOPPING
    source: str = "api"
    user: Optional[str] = None
    username: Optional[str] = None
    save: str = "all"
    silent: str = "cancel"
    kernel: Optional[str] = None
    cell: Optional[str] = None
    started_at: datetime.datetime = msgspec.field(default_factory=lambda: datetime.datetime.now(datetime.timezone.utc))
    tabs: List[Tab] = []
    error: Optional[Problem] = None

    @property
    def pending(self) -> bool:
        """Whether the cloud has not responded yet."""
        return self.phase in (SAVING, STOPPING)

    @property
    def under_way(self) -> bool:
        """Whether it has not ended yet."""
        return self.pending or self.phase == ACCEPTED


class Lease(_Response, frozen=True, kw_only=True):
    """When the platform stops the instance: at a time, or after a period of idleness; both in ms."""

    type: Optional[str] = None
    expires_at: Optional[int] = None
    idle_duration: Optional[int] = None


class Step(_Response, frozen=True, kw_only=True):
    """A step of what the platform does with the instance."""

    step: Optional[int] = None
    status: Optional[str] = None
    description: Optional[str] = None


class BusyKernel(_Response, frozen=True, kw_only=True):
    """A kernel that is busy, and since when."""

    id: str
    name: str
    path: Optional[str] = None
    busy_since: Optional[datetime.datetime] = None


class AtRisk(_Response, frozen=True, kw_only=True):
    """What a stop would interrupt; only a Jupyter server knows."""

    kernels: List[BusyKernel] = []
    terminals: List[str] = []


class Schedule(_Response, frozen=True, kw_only=True, weakref=True):
    """A stop that comes later, as it is at one moment.

    Attributes
    ----------
    when, at
        ``idle``, or ``at`` and the time at which it stops.
    grace
        How long the instance must be idle before it stops, in seconds, if `when` is ``idle``.
    not_before
        Until when an ``idle`` schedule was put off, if it was.
    state
        ``waiting``, ``countdown``, ``stopping``, ``retrying``, or ``ended`` when it tries no more and tells why.
    waiting_for
        The work that keeps an ``idle`` schedule from stopping.
    due_at, stops_at
        When the countdown begins if the instance stays idle, None while there is work; when it ends.
    next_try_at, error
        When it tries again after it failed; why it failed.
    """

    id: str
    when: str
    at: Optional[datetime.datetime] = None
    grace: Optional[float] = None
    not_before: Optional[datetime.datetime] = None
    state: str = "waiting"
    source: str = "api"
    user: Optional[str] = None
    created_at: datetime.datetime
    waiting_for: AtRisk = AtRisk()
    due_at: Optional[datetime.datetime] = None
    stops_at: Optional[datetime.datetime] = None
    next_try_at: Optional[datetime.datetime] = None
    error: Optional[Problem] = None

    def __repr__(self) -> str:
        return f"Schedule(when={self.when!r}, at={self.at and self.at.isoformat()}, state={self.state!r})"


class ScheduleRules(_Response, frozen=True, kw_only=True):
    """What the settings of the server say of schedules; times in seconds."""

    enabled: bool
    countdown: float
    grace: float
    longest: float
    terminals: str


class ScheduleResponse(_Response, frozen=True, kw_only=True):
    """The schedule that stands, the one that a change has replaced or cancelled, and the rules."""

    schedule: Optional[Schedule] = None
    replaced: Optional[Schedule] = None
    rules: ScheduleRules


class Instance(_Response, frozen=True, kw_only=True, weakref=True):
    """The notebook instance at one moment.

    It contains no secret, so it can be printed, logged and saved in a notebook.

    Attributes
    ----------
    id, name
        Which instance it is.
    status
        The status that the cloud reports: ``RUNNING``, ``STOPPING``, ``STOPPED``...; None if it could not be read.
    sources
        Where id, project, region, endpoint and credentials were found.
    mount_path, storage
        The folder that survives a stop, and the kind of its storage.
    action_progress
        The steps of what the platform is doing with it.
    at_risk
        What a stop would interrupt.
    attempt
        The stop under way, or the last one.
    schedule
        The stop that is to come later, if any.
    refusal
        Why an instance with this status cannot be stopped; None if it can, or if only the cloud knows.
    error
        Why the cloud could not be read.
    """

    available: bool = True
    id: str
    project_id: Optional[str] = None
    region: Optional[str] = None
    endpoint: Optional[str] = None
    sources: Dict[str, str] = {}
    name: Optional[str] = None
    status: Optional[str] = None
    fail_reason: Optional[str] = None
    flavor: Optional[str] = None
    image: Optional[str] = None
    feature: Optional[str] = None
    billing_items: Optional[List[str]] = None
    mount_path: Optional[str] = None
    storage: Optional[str] = None
    dedicated_pool: Optional[str] = None
    lease: Optional[Lease] = None
    action_progress: List[Step] = []
    console_url: Optional[str] = None
    at_risk: AtRisk = AtRisk()
    attempt: Optional[Attempt] = None
    schedule: Optional[Schedule] = None
    refusal: Optional[Problem] = None
    error: Optional[Problem] = None

    def __repr__(self) -> str:
        shown = {"id": self.id, "name": self.name, "status": self.status, "flavor": self.flavor, "region": self.region}
        return f"Instance({', '.join(f'{name}={value!r}' for name, value in shown.items() if value is not None)})"


class NoInstance(_Response, frozen=True, kw_only=True):
    """The response of a server that does not run in an instance."""

    available: bool = False
    reason: str = ""


class Accepted(_Response, frozen=True, kw_only=True):
    """The response to a stop that was accepted."""

    attempt: Attempt
    instance: Instance
