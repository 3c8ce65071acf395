"""Keeps the schedule where a restarted Jupyter server finds it, and a restarted instance does not.

A file in Jupyter's runtime folder names the instance, the boot of the container
and the process that owns it. A server adopts it when this process has ended.
Where neither can be told, nothing is kept.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import os
import pathlib
from typing import Any, List, Literal, Optional

import msgspec
from jupyter_core.paths import jupyter_runtime_dir

from ..clock import Deadline
from ..config import SCHEDULE_FILES
from ..processes import identify_boot, identify_process
from ..schema import ENDED, STOPPING, Document, Problem
from ..translation import ENGLISH, _, encode_translated, from_jsonable, to_jsonable
from .schedule import ScheduledStop

_log = logging.getLogger("jupyter_notebook_stop")

INTERRUPTED = Problem(
    code="outcome_unknown",
    kind="OutcomeUnknownError",
    message=_("The Jupyter server ended while it was requesting the scheduled stop. The stop will not be tried again."),
    remedy=_("Check the instance in the console; stop it again if it is still RUNNING."),
)


_State = Literal["waiting", "stopping", "ended"]


class _Kept(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The content of the file."""

    version: Literal[1] = 1
    instance_id: str
    boot: str
    owner: str
    id: str
    at: Optional[datetime.datetime] = None
    elapsed: Optional[float] = None
    grace: Optional[float] = None
    source: str
    user: Optional[str] = None
    created_at: datetime.datetime
    state: _State
    error: Optional[Problem] = None
    texts: List[Any] = []


def _kept_state(scheduled: ScheduledStop) -> _State:
    if scheduled.requested:
        return "stopping"
    return "ended" if scheduled.state == ENDED else "waiting"


class ScheduleFile:
    """The file of this process's schedule.

    Parameters
    ----------
    instance_id
        The instance that is to be stopped.
    folder
        Where the file is; by default Jupyter's runtime folder.
    """

    def __init__(self, instance_id: str, folder: Optional[str] = None) -> None:
        self._folder = pathlib.Path(folder or jupyter_runtime_dir())
        self._path = self._folder / SCHEDULE_FILES.replace("*", str(os.getpid()))
        self._instance_id = instance_id
        self._boot = identify_boot()

    def write(self, scheduled: Optional[ScheduledStop]) -> None:
        """Keep the schedule; without one, remove the file."""
        owner = identify_process(os.getpid())
        if scheduled is None or self._boot is None or owner is None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            return
        deadline = scheduled.deadline
        kept = _Kept(
            instance_id=self._instance_id,
            boot=self._boot,
            owner=owner,
            id=scheduled.id,
            at=deadline.at if deadline else None,
            elapsed=deadline.boottime if deadline else None,
            grace=scheduled.grace,
            source=scheduled.source,
            user=scheduled.user,
            created_at=scheduled.created_at,
            state=_kept_state(scheduled),
            error=scheduled.error,
            texts=_texts(scheduled.error),
        )
        temporary = self._path.with_suffix(".tmp")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(msgspec.json.encode(kept, enc_hook=lambda text: encode_translated(text, ENGLISH)))
            os.replace(temporary, self._path)
        except OSError as error:
            _log.warning("The scheduled stop will not survive a restart of this server: %s", error)

    def adopt(self, idle_since: float) -> Optional[ScheduledStop]:
        """Return the newest schedule that a server which has ended has left, and remove its file.

        Parameters
        ----------
        idle_since
            Since when nobody works, by CLOCK_MONOTONIC: at the earliest since now.
        """
        found: List[_Kept] = []
        if self._boot is None:
            return None
        for path in sorted(self._folder.glob(SCHEDULE_FILES)):
            try:
                kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
                if kept.owner == identify_process(kept.owner.partition(":")[0]):
                    continue
                path.unlink()
            except (OSError, ValueError, msgspec.MsgspecError, RecursionError) as error:
                # Up to msgspec 0.20, the last for Python 3.9, its errors are no ValueError.
                _log.warning("The scheduled stop in %s is ignored: %s", path, error)
                continue
            if (kept.instance_id, kept.boot) == (self._instance_id, self._boot):
                found.append(kept)
            else:
                _log.warning("The scheduled stop in %s is of an earlier start of the instance; it is ignored.", path)
        try:
            return _restored(max(found, key=lambda kept: kept.created_at), idle_since) if found else None
        except (TypeError, ValueError, LookupError, OverflowError) as error:
            _log.warning("The scheduled stop is ignored: %s", error)
            return None


def _restored(kept: _Kept, idle_since: float) -> ScheduledStop:
    deadline = None
    if kept.at is not None and kept.elapsed is not None:
        if kept.at.tzinfo is None:
            raise ValueError("its time has no zone")
        deadline = Deadline(kept.at, kept.elapsed)
    if deadline is None and kept.grace is None:
        raise ValueError("it says neither when nor how long")
    scheduled = ScheduledStop(
        deadline=deadline,
        grace=kept.grace,
        idle_since=idle_since,
        source=kept.source,
        user=kept.user,
        created_at=kept.created_at,
        id=kept.id,
        state=kept.state,
        error=_with_translatable_texts(kept.error, kept.texts),
    )
    if kept.state == STOPPING:
        scheduled.ended(INTERRUPTED)
    return scheduled


def _documents(problem: Problem) -> List[Document]:
    return [] if problem.documents is msgspec.UNSET else problem.documents


def _texts(problem: Optional[Problem]) -> List[Any]:
    """Return the texts of a problem, as the next server needs them to translate them."""
    if problem is None:
        return []
    reasons = [document.reason for document in _documents(problem)]
    return [to_jsonable(text) for text in (problem.message, problem.remedy, *reasons)]


def _with_translatable_texts(problem: Optional[Problem], kept: List[Any]) -> Optional[Problem]:
    """Return a problem with its texts as they were; in English alone if they were not kept."""
    if problem is None or len(kept) != 2 + len(_documents(problem)):
        return problem
    message, remedy, *reasons = map(from_jsonable, kept)
    problem = msgspec.structs.replace(problem, message=message, remedy=remedy)
    if problem.documents is not msgspec.UNSET:
        documents = [
            msgspec.structs.replace(document, reason=reason) for document, reason in zip(problem.documents, reasons)
        ]
        problem = msgspec.structs.replace(problem, documents=documents)
    return problem
