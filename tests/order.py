"""Which tests begin first where several processes share them: a long one that begins last leaves the others idle."""

from __future__ import annotations

from typing import List, Sequence

import pytest

LONG = (
    "browser/test_hub.py",
    "browser/test_demo.py::test_from_the_palette_to_the_end_and_back",
    "hostile/test_local_api_faults.py::test_no_answer_leaves_the_contract",
    "browser/test_quiet.py::test_every_page_is_quiet_after_the_end",
    "browser/test_cell.py::test_the_rich_display_in_both_themes",
    "browser/test_chinese.py::test_the_demo",
    "browser/test_pictures.py::test_the_tour",
    "browser/test_collaboration.py",
    "hostile/test_secrets.py::test_whatever_goes_wrong_nothing_secret_is_seen",
    "hostile/test_signature.py",
)
"""Tests of about half a minute and more, as the beginnings of their names."""


def rank(item: pytest.Item) -> int:
    """Return the place of a test among the long ones."""
    name = item.nodeid.replace("tests/", "", 1)
    return next((place for place, long in enumerate(LONG) if name.startswith(long)), len(LONG))


def deal(items: Sequence[pytest.Item], workers: int) -> List[pytest.Item]:
    """Return the tests as `--dist worksteal` cuts them up: one share after the other, each with its long ones first."""
    ordered = sorted(items, key=rank)
    long = [item for item in ordered if rank(item) < len(LONG)]
    others = ordered[len(long) :]
    dealt: List[pytest.Item] = []
    for worker in range(workers):
        dealt += long[worker::workers]
        # Up to where this worker's share ends.
        end = len(items) * (worker + 1) // workers - len(dealt)
        dealt += others[: max(end, 0)]
        del others[: max(end, 0)]
    return dealt + others
