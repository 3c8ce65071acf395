"""What may be seen of the instance: an allow-list, defined once for the page, the cell and the terminal.

The structs are components.schemas of server/rest-api.yml, field by field. The
server encodes them, a kernel or terminal decodes them or makes them from what
the cloud told it directly; there is no field that a secret could travel in.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Dict, List, Optional, Union

import msgspec

from . import attempt as attempts
from .errors import NotebookStopError, SaveError
from .redaction import one_line

if TYPE_CHECKING:
    from .instance import ThisInstance
    from .modelarts.models import JobProgress
    from .modelarts.models import Lease as CloudLease


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what may be seen; a field that a newer server adds is passed over."""


class Document(_View, frozen=True, kw_only=True):
    """A document that could not be saved, and why."""

    path: str
    reason: Optional[str] = None


class Problem(_View, frozen=True, kw_only=True):
    """Why something was refused; `documents` only where saving is the reason."""

    code: str
    message: str
    remedy: Optional[str] = None
    request_id: Optional[str] = None
    upstream_status: Optional[int] = None
    documents: Union[List[Document], msgspec.UnsetType] = msgspec.UNSET


class Tab(_View, frozen=True, kw_only=True):
    """What an open tab has said: ``here``, ``saved`` or ``failed``."""

    id: str
    state: str
    documents: List[Document] = []


class Attempt(_View, frozen=True, kw_only=True):
    """One attempt to stop the instance.

    Attributes
    ----------
    phase
        ``saving``, ``stopping``, ``accepted``, ``stopped``, ``refused``, ``cancelled`` or ``resumed``.
    source
        Where it was asked for: ``palette``, ``menu``, ``cell``, ``terminal`` or ``api``.
    error
        Why it failed, if it has.
    """

    id: str
    phase: str
    source: str
    user: Optional[str] = None
    save: str
    kernel: Optional[str] = None
    started_at: datetime.datetime
    tabs: List[Tab] = []
    error: Optional[Problem] = None


class Lease(_View, frozen=True, kw_only=True):
    """When the instance stops by itself: at a time, or after so long a time of idleness; in ms."""

    type: Optional[str] = None
    expires_at: Optional[int] = None
    idle_duration: Optional[int] = None


class Step(_View, frozen=True, kw_only=True):
    """A step of what the platform does with the instance."""

    step: Optional[int] = None
    status: Optional[str] = None
    description: Optional[str] = None


class BusyKernel(_View, frozen=True, kw_only=True):
    """A kernel that is executing, and since when."""

    id: str
    name: str
    path: Optional[str] = None
    busy_since: Optional[datetime.datetime] = None


class AtRisk(_View, frozen=True, kw_only=True):
    """What a stop would interrupt; only a Jupyter server knows it."""

    kernels: List[BusyKernel] = []
    terminals: List[str] = []


class Instance(_View, frozen=True, kw_only=True, weakref=True):
    """The notebook instance, as it was when this was made.

    Nothing secret is in it, so it can be printed, logged and saved in a notebook.

    Attributes
    ----------
    id, name
        Which one it is.
    status
        As the cloud calls it: ``RUNNING``, ``STOPPING``, ``STOPPED``...; None where it could not be read.
    sources
        Where id, project, region, endpoint and credentials were found.
    mount_path, storage
        The folder that survives a stop, and the kind of its storage.
    action_progress
        The steps of what the platform does with it now.
    at_risk
        What a stop would interrupt.
    attempt
        The stop under way, or the last one.
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
    error: Optional[Problem] = None

    def __repr__(self) -> str:
        shown = {"id": self.id, "name": self.name, "status": self.status, "flavor": self.flavor, "region": self.region}
        return f"Instance({', '.join(f'{name}={value!r}' for name, value in shown.items() if value is not None)})"


class NoInstance(_View, frozen=True, kw_only=True):
    """The answer of a server that is not in an instance."""

    available: bool = False
    reason: str = ""


class Accepted(_View, frozen=True, kw_only=True):
    """The answer to a stop that was accepted."""

    attempt: Attempt
    instance: Instance


def problem_of(error: NotebookStopError) -> Problem:
    """Return what may be seen of an error."""
    documents: Union[List[Document], msgspec.UnsetType] = msgspec.UNSET
    if isinstance(error, SaveError):
        documents = [Document(path=str(each["path"]), reason=each.get("reason")) for each in error.documents]
    return Problem(
        code=error.code,
        message=error.message,
        remedy=error.remedy,
        request_id=error.request_id,
        upstream_status=error.status,
        documents=documents,
    )


def attempt_of(seen: attempts.Attempt) -> Attempt:
    """Return what may be seen of an attempt."""
    return Attempt(
        id=seen.id,
        phase=seen.phase,
        source=seen.source,
        user=seen.display_name or seen.user,
        save=seen.save,
        kernel=seen.kernel,
        started_at=seen.started_at,
        tabs=[
            Tab(
                id=tab.id,
                state=tab.state,
                documents=[Document(path=document.path, reason=document.reason) for document in tab.documents],
            )
            for tab in seen.tabs.values()
        ],
        error=problem_of(seen.error) if seen.error else None,
    )


_YEAR_9999 = 253_370_764_800_000
"""In epoch ms; what lies beyond has no date."""


def _lease_of(lease: Optional[CloudLease]) -> Optional[Lease]:
    if lease is None or not lease.enable:
        return None
    idle = lease.duration if lease.idle else None
    end = lease.expires_at
    return Lease(type=lease.type, expires_at=end if end and 0 < end < _YEAR_9999 else None, idle_duration=idle)


def _step_of(step: JobProgress) -> Step:
    return Step(step=step.step, status=_text(step.status), description=_text(step.text))


def _text(text: Optional[str]) -> Optional[str]:
    return None if text is None else one_line(text)


def instance_of(this: ThisInstance, at_risk: AtRisk, error: Optional[NotebookStopError] = None) -> Instance:
    """Return what may be seen of the instance.

    Parameters
    ----------
    this
        The instance, with what the cloud last said of it.
    at_risk
        What a stop would interrupt.
    error
        Why the cloud could not be read just now.
    """
    from .modelarts.models import Notebook

    identity = this.identity
    notebook = (this.latest if error is None else None) or Notebook()
    volume = notebook.volume
    region = identity.region.value if identity.region else None
    sources = identity.sources()
    if this.credentials_source:
        sources["credentials"] = this.credentials_source
    return Instance(
        id=identity.instance_id.value,
        project_id=identity.project_id.value if identity.project_id else None,
        region=region,
        endpoint=identity.endpoint.value if identity.endpoint else None,
        sources=sources,
        name=_text(notebook.name),
        status=_text(notebook.status),
        fail_reason=_text(notebook.fail_reason),
        flavor=_text(notebook.flavor),
        feature=notebook.feature,
        billing_items=notebook.billing_items,
        mount_path=_text(volume.mount_path) if volume else None,
        storage=_text(volume.category) if volume else None,
        dedicated_pool=_text(notebook.pool.name or notebook.pool.id) if notebook.pool else None,
        lease=_lease_of(notebook.lease),
        action_progress=[_step_of(step) for step in notebook.action_progress or ()],
        console_url=this.config.console(region),
        at_risk=at_risk,
        attempt=attempt_of(this.attempt) if this.attempt else None,
        error=problem_of(error) if error else None,
    )
