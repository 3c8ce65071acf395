"""Which handler has which route of the local REST API."""

from __future__ import annotations

from typing import Mapping, Type

from .handlers import AttemptHandler, InstanceHandler, NotebookStopHandler, StopHandler, TabHandler
from .report_handler import ReportHandler
from .schedule_handlers import ActivityHandler, LeaseHandler, ScheduleHandler

HANDLERS: Mapping[str, Type[NotebookStopHandler]] = {
    "instance": InstanceHandler,
    "stop": StopHandler,
    "stop/([^/]+)": AttemptHandler,
    "stop/([^/]+)/tabs/([^/]+)": TabHandler,
    "schedule": ScheduleHandler,
    "schedule/activity": ActivityHandler,
    "lease": LeaseHandler,
    "report": ReportHandler,
}
"""The routes are those of ``ROUTES`` in app.py, which is loaded before this."""
