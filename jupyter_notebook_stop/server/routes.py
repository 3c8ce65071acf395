"""The routes of the local REST API."""

from __future__ import annotations

from typing import Any, List, Tuple, Type

from ..instance import ThisInstance
from ..scheduler import Scheduler
from .activity import Activity
from .handlers import AttemptHandler, InstanceHandler, StopHandler, TabHandler
from .roll_call import RollCall
from .schedule_handlers import ActivityHandler, LeaseHandler, ScheduleHandler


def routes(
    instance: ThisInstance, activity: Activity, roll_call: RollCall, scheduler: Scheduler
) -> List[Tuple[str, Type[Any], Any]]:
    """Return the routes under the server's base_url, with what their handlers share."""
    shared = {"instance": instance, "activity": activity, "roll_call": roll_call, "scheduler": scheduler}
    root = "/jupyter-notebook-stop"
    return [
        (rf"{root}/instance", InstanceHandler, shared),
        (rf"{root}/stop", StopHandler, shared),
        (rf"{root}/stop/([^/]+)", AttemptHandler, shared),
        (rf"{root}/stop/([^/]+)/tabs/([^/]+)", TabHandler, shared),
        (rf"{root}/schedule", ScheduleHandler, shared),
        (rf"{root}/schedule/activity", ActivityHandler, shared),
        (rf"{root}/lease", LeaseHandler, shared),
    ]
