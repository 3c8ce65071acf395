"""What the states of an instance mean for a stop."""

from __future__ import annotations

from typing import Mapping, Optional

from .errors import InstanceStateError

REFUSED_STATES: Mapping[str, str] = {
    "INIT": "it is being created: wait until it is RUNNING",
    "CREATING": "it is being created: wait until it is RUNNING",
    "STARTING": "it is still starting: wait until it is RUNNING",
    "SNAPSHOTTING": "its image is being saved: wait until that is done",
    "FROZEN": "it is frozen because of arrears: settle the account in the console",
    "DELETING": "it is being deleted: there is nothing to stop",
    "DELETED": "it is deleted: there is nothing to stop",
    "CREATE_FAILED": "it was never created: delete it in the console",
    "START_FAILED": "it did not start: look at it in the console",
    "DELETE_FAILED": "it could not be deleted: look at it in the console",
    "ERROR": "it has failed: look at it in the console",
}
"""States that cannot be stopped, with the reason; whether any other state can be, the cloud decides."""

FAILED_STATES = frozenset({"CREATE_FAILED", "START_FAILED", "DELETE_FAILED", "ERROR", "FROZEN"})
"""States in which an accepted stop has failed."""


def refusal_of(status: Optional[str]) -> Optional[InstanceStateError]:
    """Return why an instance with this status cannot be stopped, or None if the cloud may be asked."""
    reason = REFUSED_STATES.get(status or "")
    if reason is None:
        return None
    error = InstanceStateError(
        f"The instance is {status} and cannot be stopped: {reason}.",
        code=f"state_{str(status).lower()}",
        remedy=reason.partition(": ")[2].capitalize() + ".",
    )
    error.state = status
    return error
