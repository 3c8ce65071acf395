"""How many examples Hypothesis makes up for a test that does not leave it to the profile."""

from __future__ import annotations

from hypothesis import settings


def examples(number: int) -> int:
    """Return how many to try: `number`, or four times as many with the profile "night"."""
    return 4 * number if settings.get_current_profile_name() == "night" else number
