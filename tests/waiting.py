"""Waiting for what must come about."""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import Any, Callable, Optional, TypeVar

T = TypeVar("T")

LIMIT = 120.0
"""How long at most, in seconds: it bounds failures alone, so that it may be long enough for the busiest machine."""


def until(look: Callable[[], Optional[T]], pause: float = 0.01) -> T:
    """Look until there is something true, and return it."""
    limit = time.monotonic() + LIMIT
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < limit, "it never came about"
        time.sleep(pause)


async def until_async(look: Callable[[], Any], pause: float = 0.01) -> None:
    """Look until there is something true, whether at once or awaited; meanwhile the event loop goes on."""
    limit = time.monotonic() + LIMIT
    while True:
        found = look()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return
        assert time.monotonic() < limit, "it never came about"
        await asyncio.sleep(pause)


async def until_true(holds: Callable[[], object], pause: float = 0.002) -> None:
    """Let the event loop go on until something holds."""
    limit = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < limit, "it never came about"
        await asyncio.sleep(pause)
