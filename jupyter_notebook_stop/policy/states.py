"""What the states of an instance mean for a stop."""

from __future__ import annotations

from typing import Mapping, Optional, Tuple

from ..errors import InstanceStateError
from ..translation import _

_WAIT = _("Wait until it is RUNNING.")
_LOOK = _("Check the instance in the console.")
_NOTHING = _("There is nothing to stop.")

REFUSED_STATES: Mapping[str, Tuple[str, str]] = {
    "INIT": (_("it is being created"), _WAIT),
    "CREATING": (_("it is being created"), _WAIT),
    "STARTING": (_("it is still starting"), _WAIT),
    "SNAPSHOTTING": (_("its image is being saved"), _("Wait until that is done.")),
    "FROZEN": (_("it is frozen because of arrears"), _("Settle the account in the console.")),
    "DELETING": (_("it is being deleted"), _NOTHING),
    "DELETED": (_("it is deleted"), _NOTHING),
    "CREATE_FAILED": (_("it was never created"), _("Delete it in the console.")),
    "START_FAILED": (_("it did not start"), _LOOK),
    "DELETE_FAILED": (_("it could not be deleted"), _LOOK),
    "ERROR": (_("it has failed"), _LOOK),
}
"""States that cannot be stopped, with the reason and the remedy; whether any other can be, the cloud decides."""

FAILED_STATES = frozenset({"CREATE_FAILED", "START_FAILED", "DELETE_FAILED", "ERROR", "FROZEN"})
"""States in which an accepted stop has failed."""


def refusal_of(status: Optional[str]) -> Optional[InstanceStateError]:
    """Return why an instance with this status cannot be stopped, or None if the cloud may be asked."""
    found = REFUSED_STATES.get(status or "")
    if found is None:
        return None
    reason, remedy = found
    error = InstanceStateError(
        _("The instance is {status} and cannot be stopped: {reason}.", status=status, reason=reason),
        code=f"state_{str(status).lower()}",
        remedy=remedy,
    )
    error.state = status
    return error
