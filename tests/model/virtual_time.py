"""An event loop whose time is virtual: where nothing is ready, the clock goes on to the next timer at once."""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import ssl
from types import SimpleNamespace
from typing import Any, Callable, Iterator, Optional, TypeVar
from unittest import mock

import httpx

from jupyter_notebook_stop.modelarts import auth, client, connection, credentials, transport
from jupyter_notebook_stop.policy import cloud_reader, watch

T = TypeVar("T")


class _Selector(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: Optional[float] = None) -> Any:
        if timeout is None:
            raise AssertionError("everything waits for something that never comes")
        # Whatever is done takes a little time; or a pause too short for the clock would never end.
        self._loop.passed += max(timeout, 1e-6)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop with a clock of its own, which begins at 0.

    Attributes
    ----------
    passed
        Its time, in seconds.
    """

    def __init__(self) -> None:
        self.passed = 0.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self.passed

    def call(self, function: Callable[[], T]) -> T:
        """Return what `function` does while the loop runs: before Python 3.10, an event belongs to the loop of then."""

        async def main() -> T:
            return function()

        return self.run_until_complete(main())

    def let_pass(self, seconds: float) -> None:
        """Run for so many seconds of its time."""
        self.run_until_complete(asyncio.sleep(seconds))


async def _call_here(function: Callable[[], T], timeout: Optional[float]) -> T:
    return function()


_tls: list[ssl.SSLContext] = []


def _tls_context() -> ssl.SSLContext:
    if not _tls:
        _tls.append(httpx.create_ssl_context())
    return _tls[0]


@contextlib.contextmanager
def virtual_time(loop: VirtualLoop, network: Callable[[httpx.AsyncClient], httpx.AsyncClient]) -> Iterator[None]:
    """Have the package live by the loop's clock, without threads, and with `network` instead of sockets."""
    clock = SimpleNamespace(monotonic=loop.time, time=lambda: 0.0)
    with contextlib.ExitStack() as patches:
        for module in (cloud_reader, watch, auth, client, transport):
            patches.enter_context(mock.patch.object(module, "time", clock))
        for threaded in (connection, credentials):
            patches.enter_context(mock.patch.object(threaded, "call_in_thread", _call_here))
        patches.enter_context(mock.patch.object(connection, "_load", _tls_context))
        patches.enter_context(mock.patch.object(transport, "cancellable", network))
        yield
