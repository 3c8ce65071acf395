"""A simulator in a thread of its own, for code that isn't async."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Callable, Generic, TypeVar, overload

from .authentication import KeyRing
from .instances import Instance
from .request_log import Request
from .rules import FaultRules
from .service import Simulator
from .settings import Settings

T = TypeVar("T")

_START_SECONDS = 10.0


class _Same(Generic[T]):
    """An attribute of the simulator, as it is there."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, threaded: ThreadedSimulator, owner: type) -> T:
        value: T = getattr(threaded.simulator, self._name)
        return value


class ThreadedSimulator:
    """Runs a `Simulator` in a thread with its own event loop, as a context manager.

    Reading is safe from any thread; so are `faults`, and setting the status or
    an option of an instance. Whatever else changes something belongs into `call`.

    Parameters
    ----------
    **options
        As for `Simulator`.

    Examples
    --------
    >>> with ThreadedSimulator(step_seconds=0) as simulator:  # doctest: +SKIP
    ...     simulator.faults.add("stop", Refuse(403, "ModelArts.0112"))
    ...     simulator.call(lambda s: s.keys.revoke(s.access_key))
    """

    endpoint = _Same[str]()
    port = _Same[int]()
    region = _Same[str]()
    project_id = _Same[str]()
    instance_id = _Same[str]()
    access_key = _Same[str]()
    secret_key = _Same[str]()
    security_token = _Same[str]()
    auth_token = _Same[str]()
    instance = _Same[Instance]()
    instances = _Same[dict[str, Instance]]()
    requests = _Same[list[Request]]()
    faults = _Same[FaultRules]()
    keys = _Same[KeyRing]()
    settings = _Same[Settings]()

    def __init__(self, **options: Any) -> None:
        self.simulator = Simulator(**options)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._done: asyncio.Event | None = None
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"<Threaded {self.simulator!r}>"

    def __enter__(self) -> ThreadedSimulator:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to listen; returns when it does."""
        if self._thread is not None:
            raise RuntimeError("the simulator runs already")
        self._error = None
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise RuntimeError("the simulator did not start in time")
        if self._error is not None:
            self._thread.join(_START_SECONDS)
            self._thread = None
            raise self._error

    def stop(self) -> None:
        """Stop to listen; returns when the thread has ended."""
        if self._thread is None or self._loop is None or self._done is None:
            return
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(_START_SECONDS)
        self._thread = None

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            self._error = error
            self._ready.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        async with self.simulator:
            self._ready.set()
            await self._done.wait()

    @overload
    def call(self, function: Callable[[Simulator], Coroutine[Any, Any, T]]) -> T: ...

    @overload
    def call(self, function: Callable[[Simulator], T]) -> T: ...

    def call(self, function: Callable[[Simulator], Any]) -> Any:
        """Run a function, or a coroutine function, on the simulator's loop and return what it returns."""
        if self._loop is None or self._thread is None:
            raise RuntimeError("the simulator doesn't run")

        async def run() -> Any:
            result = function(self.simulator)
            return await result if inspect.isawaitable(result) else result

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def count(self, operation: str = "any") -> int:
        """Return how many requests there were for an operation."""
        return self.simulator.count(operation)

    def add_instance(self, instance_id: str | None = None, **options: Any) -> Instance:
        """Add an instance, as `Simulator.add_instance` does."""
        return self.call(lambda simulator: simulator.add_instance(instance_id, **options))

    def description(self) -> dict[str, str]:
        """Return what a client needs to know, secrets included."""
        return self.simulator.description()

    def environment(self) -> dict[str, str]:
        """Return the environment variables of a process inside the first instance, secrets included."""
        return self.simulator.environment()
