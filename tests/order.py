"""Which tests begin first where several processes share them: a long one that begins last leaves the others idle."""

from __future__ import annotations

from typing import List, Sequence

import pytest

LONG = (
    "browser/test_hub.py",
    "hostile/test_local_api_faults.py::test_no_answer_leaves_the_contract",
    "browser/test_quiet.py::test_every_page_is_quiet_after_the_end",
    "browser/test_demo.py::test_from_the_palette_to_the_end_and_back",
    "browser/test_lost.py::test_a_page_comes_back_after_a_short_loss",
    "browser/test_question.py::test_a_slow_cloud_does_not_keep_the_question_closed",
    "browser/test_network.py",
    "browser/test_cell.py::test_the_file_holds_the_end_of_each_cell_that_stops",
    "browser/test_quiet.py::test_pages_come_back_when_the_stop_fails_after_all",
    "browser/test_schedule.py::test_typing_puts_a_stop_when_idle_off_until_it_shall_be_now",
    "browser/test_chinese.py::test_the_demo",
    "browser/test_chinese.py::test_work_at_risk_and_documents_that_are_not_saved",
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
    """Return the tests as `--dist worksteal` cuts them up: one share after the other, each with its long ones first.

    The first share has none of them: while long tests wait, one worker begins with tests that compute.
    """
    ordered = sorted(items, key=rank)
    if workers == 1:
        return ordered
    long = [item for item in ordered if rank(item) < len(LONG)]
    others = ordered[len(long) :]
    dealt: List[pytest.Item] = []
    for worker in range(workers):
        if worker:
            dealt += long[worker - 1 :: workers - 1]
        # Up to where this worker's share ends.
        end = len(items) * (worker + 1) // workers - len(dealt)
        dealt += others[: max(end, 0)]
        del others[: max(end, 0)]
    return dealt + others
