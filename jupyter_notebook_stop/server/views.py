"""What leaves for the browser: an allow-list, field by field, as rest-api.yml describes it."""

from __future__ import annotations

from typing import Any, Dict

from ..attempt import Attempt
from ..errors import NotebookStopError, SaveError
from ..instance import ThisInstance
from ..models import JobProgress, Lease, Notebook
from .activity import AtRisk

View = Dict[str, Any]


def problem(error: NotebookStopError) -> View:
    """Return an error as the API shows it."""
    view: View = {
        "code": error.code,
        "message": error.message,
        "remedy": error.remedy,
        "request_id": error.request_id,
        "upstream_status": error.status,
    }
    if isinstance(error, SaveError):
        view["documents"] = [dict(document) for document in error.documents]
    return view


def attempt(seen: Attempt) -> View:
    """Return an attempt as the API shows it."""
    return {
        "id": seen.id,
        "phase": seen.phase,
        "source": seen.source,
        "user": seen.display_name or seen.user,
        "save": seen.save,
        "kernel": seen.kernel,
        "started_at": seen.started_at.isoformat(),
        "tabs": [
            {
                "id": tab.id,
                "state": tab.state,
                "documents": [{"path": document.path, "reason": document.reason} for document in tab.documents],
            }
            for tab in seen.tabs.values()
        ],
        "error": problem(seen.error) if seen.error else None,
    }


def _lease(lease: Lease | None) -> View | None:
    if lease is None or not lease.enable:
        return None
    return {
        "type": lease.type,
        "expires_at": lease.expires_at,
        "idle_duration": lease.duration if lease.idle else None,
    }


def _step(step: JobProgress) -> View:
    return {"step": step.step, "status": step.status, "description": step.text}


def instance(this: ThisInstance, at_risk: AtRisk, error: NotebookStopError | None) -> View:
    """Return the instance as the API shows it.

    Parameters
    ----------
    this
        The instance, with what the cloud last said of it.
    at_risk
        What a stop would interrupt.
    error
        Why the cloud could not be read just now.
    """
    identity = this.identity
    notebook = (this.latest if error is None else None) or Notebook()
    volume = notebook.volume
    region = identity.region.value if identity.region else None
    sources = identity.sources()
    if this.credentials_source:
        sources["credentials"] = this.credentials_source
    return {
        "available": True,
        "id": identity.instance_id.value,
        "project_id": identity.project_id.value if identity.project_id else None,
        "region": region,
        "endpoint": identity.endpoint.value if identity.endpoint else None,
        "sources": sources,
        "name": notebook.name,
        "status": notebook.status,
        "fail_reason": notebook.fail_reason,
        "flavor": notebook.flavor,
        "feature": notebook.feature,
        "billing_items": notebook.billing_items,
        "mount_path": volume.mount_path if volume else None,
        "storage": volume.category if volume else None,
        "dedicated_pool": notebook.pool.name or notebook.pool.id if notebook.pool else None,
        "lease": _lease(notebook.lease),
        "action_progress": [_step(step) for step in notebook.action_progress or ()],
        "console_url": this.config.console(region),
        "at_risk": {
            "kernels": [
                {
                    "id": kernel.id,
                    "name": kernel.name,
                    "path": kernel.path,
                    "busy_since": kernel.busy_since.isoformat(),
                }
                for kernel in at_risk.kernels
            ],
            "terminals": at_risk.terminals,
        },
        "attempt": attempt(this.attempt) if this.attempt else None,
        "error": problem(error) if error else None,
    }
