"""A response of the stand-in that comes when a test lets it."""

from __future__ import annotations

import threading
from typing import Any

import msgspec

from jupyter_notebook_stop.simulator import Fault

from .waiting import until_true


class Held(Fault, frozen=True):
    """Carry out the operation once the test has set `released`."""

    released: threading.Event = msgspec.field(default_factory=threading.Event)

    async def before(self, wire: Any) -> None:
        await until_true(self.released.is_set)
