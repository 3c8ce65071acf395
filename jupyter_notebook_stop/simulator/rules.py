"""Which fault befalls which request."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from .faults import Fault

SHOW, STOP, START, SHOW_LEASE, RENEW_LEASE, UNKNOWN = "show", "stop", "start", "show_lease", "renew_lease", "unknown"

#: The operations by name; requests to any other path count as ``unknown``.
OPERATIONS = (SHOW, STOP, START, SHOW_LEASE, RENEW_LEASE)
GROUPS = {"any": (*OPERATIONS, UNKNOWN), "lease": (SHOW_LEASE, RENEW_LEASE)}


def operations_of(name: str) -> tuple[str, ...]:
    """Return the operations that a name stands for, be it one of them or a group."""
    if name in GROUPS:
        return GROUPS[name]
    if name in OPERATIONS or name == UNKNOWN:
        return (name,)
    raise ValueError(f"unknown operation {name!r}, known are {', '.join((*GROUPS, *OPERATIONS, UNKNOWN))}")


@dataclass
class Rule:
    """Faults that befall the next `times` requests of some operations, or all of them if None."""

    operations: tuple[str, ...]
    faults: tuple[Fault, ...]
    times: int | None


class FaultRules:
    """The rules in force. May be used from any thread.

    A request takes the first rule that fits among those of limited `times`, in
    the order they were added; failing that, the standing rule added last.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, operation: str, fault: Fault | Sequence[Fault], times: int | None = 1) -> Rule:
        """Let a fault happen.

        Parameters
        ----------
        operation
            One of `OPERATIONS`, or ``"lease"``, or ``"any"``.
        fault
            A fault, or several that act together on the same request.
        times
            How many requests it befalls; None for all from now on.
        """
        faults = (fault,) if isinstance(fault, Fault) else tuple(fault)
        if not faults or (times is not None and times < 1):
            raise ValueError("a rule needs a fault, and to hold at least once")
        rule = Rule(operations_of(operation), faults, times)
        with self._lock:
            self._rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        """Take a rule back; one that is used up is no longer there to be taken back."""
        with self._lock:
            self._rules = [other for other in self._rules if other is not rule]

    def clear(self) -> None:
        """Take all rules back."""
        with self._lock:
            self._rules.clear()

    def take(self, operation: str) -> tuple[Fault, ...]:
        """Return the faults of the next request, and count it."""
        with self._lock:
            fitting = [rule for rule in self._rules if operation in rule.operations]
            for rule in fitting:
                if rule.times is not None:
                    rule.times -= 1
                    if not rule.times:
                        self._rules = [other for other in self._rules if other is not rule]
                    return rule.faults
            return fitting[-1].faults if fitting else ()
