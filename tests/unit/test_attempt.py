"""What an attempt is before anything has happened to it."""

from __future__ import annotations

import re

import pytest

from jupyter_notebook_stop.attempt import (
    ACCEPTED,
    CANCELLED,
    NAME,
    REFUSED,
    RESUMED,
    SAVING,
    STOPPED,
    STOPPING,
    Attempt,
    Tab,
)


def test_attempts_share_nothing() -> None:
    first, second = Attempt(), Attempt()
    assert first.id != second.id
    first.tabs["a"] = Tab(id="a", state="here")
    assert second.tabs == {}
    assert first.started_at.tzinfo is not None


def test_its_id_has_the_form_of_ids() -> None:
    assert re.fullmatch(NAME, Attempt().id)
    for bad in ("", "a/b", "..", "a b", "a" * 65, "ä"):
        assert not re.fullmatch(NAME, bad)


@pytest.mark.parametrize(
    ("phase", "pending"),
    [
        (SAVING, True),
        (STOPPING, True),
        (ACCEPTED, False),
        (STOPPED, False),
        (REFUSED, False),
        (CANCELLED, False),
        (RESUMED, False),
    ],
)
def test_it_is_pending_until_the_cloud_has_answered(phase: str, pending: bool) -> None:
    assert Attempt(phase=phase).pending is pending
