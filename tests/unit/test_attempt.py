"""What an attempt is before anything has happened to it."""

from __future__ import annotations

import msgspec
import pytest

from jupyter_notebook_stop.attempt import (
    ACCEPTED,
    CANCELLED,
    REFUSED,
    RESUMED,
    SAVING,
    STOPPED,
    STOPPING,
    Attempt,
    Name,
    Tab,
)


def test_attempts_share_nothing() -> None:
    first, second = Attempt(), Attempt()
    assert first.id != second.id
    first.tabs["a"] = Tab(id="a", state="here")
    assert second.tabs == {}
    assert first.started_at.tzinfo is not None


def test_its_id_has_the_form_of_ids() -> None:
    assert msgspec.convert(Attempt().id, Name)
    for bad in ("", "a/b", "..", "a b", "a" * 65, "ä", "a\n"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(bad, Name)


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
