"""A limit to how long a coroutine may take."""

from __future__ import annotations

import asyncio
import sys
from typing import Coroutine, TypeVar

T = TypeVar("T")

if sys.version_info >= (3, 11):

    async def within(seconds: float, work: Coroutine[object, object, T]) -> T:
        """Return what `work` returns.

        Raises
        ------
        asyncio.TimeoutError
            When it takes longer than `seconds`; it is cancelled then.
        """
        # Unlike `asyncio.wait_for` before Python 3.12, this needs no task of its own.
        async with asyncio.timeout(seconds):
            return await work

else:

    async def within(seconds: float, work: Coroutine[object, object, T]) -> T:
        """Return what `work` returns.

        Raises
        ------
        asyncio.TimeoutError
            When it takes longer than `seconds`; it is cancelled then.
        """
        return await asyncio.wait_for(work, seconds)
