"""What is repeated, and how often."""

from __future__ import annotations

from typing import NamedTuple

BUSY = frozenset({429, 502, 503, 504})
"""Statuses after which a read is repeated."""

AMBIGUOUS_STATUSES = frozenset({408, 500, 502, 503, 504})
"""Statuses after which a stop may have taken effect, or may still do so."""

STOP_STATES = frozenset({"STOPPING", "STOPPED"})


class Retries(NamedTuple):
    """How often a request is repeated at most, and the pauses in seconds, each with jitter; `settle` has none."""

    limit: int = 4
    first: float = 0.5
    longest: float = 8.0
    settle: float = 1.0
