"""A notebook instance as a state machine, without network, clock or event loop."""

from __future__ import annotations

import uuid
from typing import Any, Callable

from .documents import LONGEST_LEASE, PROGRESS_STYLES, SHORTEST_LEASE, STEPS, Lease, fixed_document, progress_document
from .responses import Refusal

LEASE_TYPES = ("TIMING", "IDLE")
STOP_CONFLICTS = ("target", "precise")

#: Runs a function after some seconds; an event loop's `call_later` fits.
Schedule = Callable[[float, Callable[[], None]], object]

_CODES = {
    "INIT": ("ModelArts.6355", "The instance is being initialized."),
    "CREATING": ("ModelArts.6355", "The instance is being initialized."),
    "STARTING": ("ModelArts.6306", "The instance is starting."),
    "FROZEN": ("ModelArts.6326", "The instance is frozen."),
    "RESTORING": ("ModelArts.6333", "The instance is being restored."),
    "SNAPSHOTTING": ("ModelArts.6333", "The instance is being saved and restored."),
}
_NOT_RUNNING = ("ModelArts.6327", "The instance is not running.")
_IN_TARGET_STATE = ("ModelArts.6357", "The instance is in the target state already.")
_STOPPED = ("ModelArts.6307", "The instance has stopped already.")
_STOPPING = ("ModelArts.6308", "The instance is stopping.")
_STARTABLE = ("STOPPED", "START_FAILED", "ERROR")


def _refuse(reason: tuple[str, str]) -> Refusal:
    return Refusal(400, *reason)


class Instance:
    """One simulated instance.

    Parameters
    ----------
    notebook_id
        Its id.
    schedule
        Calls a function later.
    clock
        Seconds since the epoch.
    name
        Its name.
    status
        The state to begin with.
    step_seconds
        How long each of the four steps of a stop or start takes. With 0 they
        still follow one another, as fast as `schedule` allows.
    progress_style
        One of `documents.PROGRESS_STYLES`.
    stop_conflict
        The error for a stop of an instance that has stopped or is stopping:
        ``"target"`` for 6357, ``"precise"`` for 6307 and 6308.
    dedicated
        Whether it runs in a dedicated pool.
    on_stopped
        Called with the id each time a stop has completed.

    Attributes
    ----------
    token
        The token of its Jupyter server, a secret.
    lease
        The countdown to its automatic stop.
    extra
        Fields that are added to the document or replace some of it.
    stop_fails_with
        Set it to ``"RUNNING"`` or ``"ERROR"`` to let every stop, once
        accepted, fail at its third step and end in that state.
    fail_reason
        The cause of a failure, as the document shows it.
    """

    def __init__(
        self,
        notebook_id: str,
        schedule: Schedule,
        clock: Callable[[], float],
        *,
        name: str = "simulated-notebook",
        status: str = "RUNNING",
        step_seconds: float = 0.5,
        progress_style: str = "page",
        stop_conflict: str = "target",
        dedicated: bool = False,
        on_stopped: Callable[[str], None] | None = None,
    ) -> None:
        if progress_style not in PROGRESS_STYLES:
            raise ValueError(f"unknown progress style {progress_style!r}, known are {', '.join(PROGRESS_STYLES)}")
        if stop_conflict not in STOP_CONFLICTS:
            raise ValueError(f"unknown stop_conflict {stop_conflict!r}, known are {', '.join(STOP_CONFLICTS)}")
        self.id = notebook_id
        self.name = name
        self.token = str(uuid.uuid4())
        self.step_seconds = step_seconds
        self.progress_style = progress_style
        self.stop_conflict = stop_conflict
        self.stop_fails_with = ""
        self.fail_reason = ""
        self.extra: dict[str, Any] = {}
        self.steps: list[str] = ["COMPLETED"] * len(STEPS)
        self._dedicated = dedicated
        self._schedule = schedule
        self._clock = clock
        self._on_stopped = on_stopped
        self._status = status
        self._action = 0
        self._created = self._now()
        self.lease = Lease(self._created, self._created)

    def __repr__(self) -> str:
        return f"<Instance {self.id} {self._status}>"

    def _now(self) -> int:
        return int(self._clock() * 1000)

    @property
    def status(self) -> str:
        """The state; setting it ends a stop or start in progress, and calls no hook."""
        return self._status

    @status.setter
    def status(self, value: str) -> None:
        self._action += 1
        self._status = value
        self.steps = ["COMPLETED"] * len(STEPS)

    def document(self) -> dict[str, Any]:
        """Return the instance as the service shows it."""
        return {
            **progress_document(self.progress_style, self.id, self.steps),
            **fixed_document(self.id, self.name, self.token, self._created, dedicated=self._dedicated),
            "fail_reason": self.fail_reason,
            "lease": self.lease.document(),
            "status": self._status,
            **self.extra,
        }

    def stop(self) -> None:
        """Begin to stop.

        Raises
        ------
        Refusal
            When the state does not allow it.
        """
        status = self._status
        if status == "STOPPED":
            raise _refuse(_STOPPED if self.stop_conflict == "precise" else _IN_TARGET_STATE)
        if status == "STOPPING":
            raise _refuse(_STOPPING if self.stop_conflict == "precise" else _IN_TARGET_STATE)
        if status != "RUNNING":
            raise _refuse(_CODES.get(status, _NOT_RUNNING))
        self._begin("STOPPING", "STOPPED")

    def start(self, duration: int = SHORTEST_LEASE, kind: str = "TIMING") -> None:
        """Begin to start, with a lease of `duration` milliseconds.

        Raises
        ------
        Refusal
            When the state does not allow it, or the lease is out of range.
        """
        check_lease(duration, kind)
        if self._status == "RUNNING":
            raise _refuse(_IN_TARGET_STATE)
        if self._status == "STOPPING":
            raise _refuse(_STOPPING)
        if self._status not in _STARTABLE:
            raise _refuse(_CODES.get(self._status, _NOT_RUNNING))
        self.lease.restart(self._now(), duration, kind)
        self._begin("STARTING", "RUNNING")

    def renew_lease(self, duration: int, kind: str) -> None:
        """Let the lease end `duration` milliseconds from now.

        Raises
        ------
        Refusal
            When the instance is not running, or the lease is out of range.
        """
        check_lease(duration, kind)
        if self._status != "RUNNING":
            raise _refuse(_CODES.get(self._status, _NOT_RUNNING))
        self.lease.renew(self._now(), duration, kind)

    def _begin(self, during: str, after: str) -> None:
        self._action += 1
        self._status = during
        self.fail_reason = ""
        self.steps = ["PROCESSING"] + ["WAITING"] * (len(STEPS) - 1)
        self._schedule_step(self._action, 0, after)

    def _schedule_step(self, action: int, step: int, after: str) -> None:
        self._schedule(self.step_seconds, lambda: self._advance(action, step, after))

    def _advance(self, action: int, step: int, after: str) -> None:
        # Setting the status has ended the action that this step belongs to.
        if action != self._action:
            return
        if after == "STOPPED" and self.stop_fails_with and step == 2:
            self.steps[step] = "FAILED"
            self.fail_reason = "The simulator was asked to let the stop fail."
            self._status = self.stop_fails_with
            return
        self.steps[step] = "COMPLETED"
        if step + 1 < len(STEPS):
            self.steps[step + 1] = "PROCESSING"
            self._schedule_step(action, step + 1, after)
            return
        self._status = after
        if after == "STOPPED" and self._on_stopped is not None:
            self._on_stopped(self.id)


def check_lease(duration: object, kind: object) -> None:
    """Raise `Refusal` unless the service would accept such a lease."""
    if not isinstance(duration, int) or isinstance(duration, bool) or not SHORTEST_LEASE <= duration <= LONGEST_LEASE:
        raise Refusal(
            400, "ModelArts.0104", f"Invalid parameter: duration must be in {SHORTEST_LEASE}..{LONGEST_LEASE}."
        )
    if not isinstance(kind, str) or kind.upper() not in LEASE_TYPES:
        raise Refusal(400, "ModelArts.0104", "Invalid parameter: type must be TIMING or IDLE.")
