"""What the policy shows: what is known of the cloud, identity and errors, put into the structs of schema.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional, Union

import msgspec

from ..errors import CancelledStopError, NotebookStopError, SaveError
from ..redaction import one_line
from ..schema import AtRisk, Attempt, Document, Instance, Lease, Problem, Schedule, Step
from ..translation import _
from .labels import SOURCES
from .states import refusal_of

if TYPE_CHECKING:
    from ..modelarts.connection import Connection
    from ..modelarts.models import JobProgress, Notebook
    from ..modelarts.models import Lease as CloudLease

_YEAR_9999 = 253_370_764_800_000
"""In epoch ms; no date can be made of a later time."""


def problem_of(error: NotebookStopError) -> Problem:
    """Return the error as others may see it."""
    documents: Union[List[Document], msgspec.UnsetType] = msgspec.UNSET
    if isinstance(error, SaveError):
        documents = [Document(path=str(each["path"]), reason=each.get("reason")) for each in error.documents]
    # The receiver knows the public exceptions alone, and takes a subclass for what it is derived from.
    public = NotebookStopError.__module__
    return Problem(
        kind=next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == public),
        code=error.code,
        message=error.message,
        remedy=error.remedy,
        request_id=error.request_id,
        upstream_status=error.status,
        documents=documents,
    )


def other_stop(first: Attempt) -> CancelledStopError:
    """Return the error of a stop that comes after `first` and has other options."""
    return CancelledStopError(
        _(
            "Another stop with other options is in progress: attempt {attempt}, requested from {source}.",
            attempt=first.id,
            source=SOURCES.get(first.source, first.source),
        ),
        code="other_stop_under_way",
        remedy=_("Wait for it to end, or cancel it."),
    )


def instance_of(
    connection: Connection,
    notebook: Optional[Notebook],
    at_risk: AtRisk,
    attempt: Optional[Attempt] = None,
    error: Optional[NotebookStopError] = None,
    schedule: Optional[Schedule] = None,
) -> Instance:
    """Return the instance as others may see it.

    Parameters
    ----------
    connection
        Knows the identity, the settings and the source of the credentials.
    notebook
        The instance as the cloud last described it.
    at_risk
        What a stop would interrupt.
    attempt
        The stop under way, or the last one.
    error
        Why the cloud could not be read.
    schedule
        The stop that comes later, if any.
    """
    from ..modelarts.models import Notebook

    identity, notebook = connection.identity, notebook or Notebook()
    refusal = refusal_of(notebook.status)
    volume, pool, image = notebook.volume, notebook.pool, notebook.image
    region = identity.region.value if identity.region else None
    sources = identity.sources()
    if connection.credentials_source:
        sources["credentials"] = connection.credentials_source
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
        image=_text(image.show_name or image.name) if image else None,
        feature=notebook.feature,
        billing_items=notebook.billing_items,
        mount_path=_text(volume.mount_path) if volume else None,
        storage=_text(volume.category) if volume else None,
        dedicated_pool=_text(pool.name or pool.id) if pool else None,
        lease=_lease_of(notebook.lease),
        action_progress=[_step_of(step) for step in notebook.action_progress or ()],
        console_url=connection.config.console(region),
        at_risk=at_risk,
        # A copy: the stop goes on, and this shows one moment.
        attempt=msgspec.structs.replace(attempt, tabs=list(attempt.tabs)) if attempt else None,
        schedule=schedule,
        refusal=problem_of(refusal) if refusal else None,
        error=problem_of(error) if error else None,
    )


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
