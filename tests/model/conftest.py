"""How long the model runs: seconds by default, a night on request."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("night", max_examples=2_000, stateful_step_count=50, print_blob=True)
