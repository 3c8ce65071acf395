"""Which fault happens to which request."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from .faults import Fault
from .operations import operations_of


@dataclass
class Rule:
    """Faults that happen to the next `times` requests of some operations, or to all of them if None."""

    operations: tuple[str, ...]
    faults: tuple[Fault, ...]
    times: int | None


class FaultRules:
    """The rules in force. May be used from any thread.

    Of the rules that match a request, the one with limited `times` that was
    added first applies; if there is none, the unlimited one that was added last.
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
            One of `operations.OPERATIONS`, or ``"lease"``, or ``"any"``.
        fault
            A fault, or several that act together on the same request.
        times
            To how many requests it happens; None for all from now on.
        """
        faults = (fault,) if isinstance(fault, Fault) else tuple(fault)
        if not faults or (times is not None and times < 1):
            raise ValueError("a rule needs at least one fault and must apply at least once")
        rule = Rule(operations_of(operation), faults, times)
        with self._lock:
            self._rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        """Remove a rule; nothing happens if it is used up or removed already."""
        with self._lock:
            self._discard(rule)

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._rules.clear()

    def take(self, operation: str) -> tuple[Fault, ...]:
        """Return the faults of the next request, and count it."""
        with self._lock:
            matching = [rule for rule in self._rules if operation in rule.operations]
            for rule in matching:
                if rule.times is not None:
                    rule.times -= 1
                    if not rule.times:
                        self._discard(rule)
                    return rule.faults
            return matching[-1].faults if matching else ()

    def _discard(self, rule: Rule) -> None:
        self._rules = [other for other in self._rules if other is not rule]
