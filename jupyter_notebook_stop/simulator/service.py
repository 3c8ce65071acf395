"""The simulated notebook service: its keys and instances, listening on loopback."""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
import socket
import ssl
import time
import uuid
from collections.abc import Awaitable, Coroutine
from types import TracebackType
from typing import Any, Callable, Union

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest

from .authentication import KeyRing
from .gateway import Gateway
from .instances import Instance
from .notebooks import Notebooks
from .operations import operations_of
from .request_log import Request
from .rules import FaultRules
from .settings import Settings
from .wire import Wire

LOOPBACK = "127.0.0.1"
REGION = "simulator-1"

StoppedHook = Callable[[str], Union[Awaitable[None], None]]

log = logging.getLogger(__name__)


class Simulator:
    """An embedded simulator of the cloud's notebook service, as an async context manager.

    Parameters
    ----------
    instance_id, project_id
        Made up by default.
    region
        A name that no real region has.
    step_seconds, progress_style, stop_conflict, dedicated
        As for `instances.Instance`; they apply to every instance.
    temporary_key
        Whether the first key is a temporary one, with a security token.
    lock_after
        As for `authentication.KeyRing`.
    port
        The port to listen on; 0 for a free one.
    address
        Must be 127.0.0.1.
    ssl_context
        Serves TLS when given.
    on_stopped
        Called, and awaited if it is async, with the id of each instance that
        has stopped.
    clock
        Seconds since the epoch.
    **settings
        As for `settings.Settings`.

    Attributes
    ----------
    faults
        The rules for what goes wrong.
    requests
        All requests in the order of their arrival.
    keys
        The valid keys and tokens.
    settings
        What can be changed while it runs.
    instances
        All instances by id.
    """

    def __init__(
        self,
        *,
        step_seconds: float = 0.5,
        instance_id: str | None = None,
        project_id: str | None = None,
        region: str = REGION,
        progress_style: str = "page",
        stop_conflict: str = "target",
        dedicated: bool = False,
        temporary_key: bool = True,
        lock_after: int | None = 5,
        port: int = 0,
        address: str = LOOPBACK,
        ssl_context: ssl.SSLContext | None = None,
        on_stopped: StoppedHook | None = None,
        clock: Callable[[], float] = time.time,
        **settings: Any,
    ) -> None:
        if address != LOOPBACK:
            raise ValueError(f"the simulator listens on {LOOPBACK} only")
        self.settings = Settings(**settings)
        self.faults = FaultRules()
        self.requests: list[Request] = []
        self.instances: dict[str, Instance] = {}
        self.region = region
        self.project_id = project_id or "00000000000000000000" + secrets.token_hex(6)
        self.access_key = "SIMULATOR" + secrets.token_hex(6)[:11].upper()
        self.secret_key = "simulated-sk-" + secrets.token_hex(16)[:27]
        self.security_token = "simulated-security-token-" + secrets.token_hex(16) if temporary_key else ""
        self.auth_token = "simulated-auth-token-" + secrets.token_hex(16)
        self.keys = KeyRing(lock_after)
        self.keys.add(self.access_key, self.secret_key, self.security_token or None)
        self.keys.add_token(self.auth_token)
        self._instance_options = {
            "step_seconds": step_seconds,
            "progress_style": progress_style,
            "stop_conflict": stop_conflict,
            "dedicated": dedicated,
        }
        self._clock = clock
        self._on_stopped = on_stopped
        self._ssl_context = ssl_context
        self._wanted_port = port
        self._port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: HTTPServer | None = None
        self._gateway = Gateway(
            Notebooks(self.project_id, self.instances, self.settings),
            keys=self.keys,
            faults=self.faults,
            settings=self.settings,
            requests=self.requests,
            clock=clock,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self.instance = self.add_instance(instance_id)
        self.instance_id = self.instance.id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.endpoint if self._server else 'not listening'}>"

    @property
    def port(self) -> int:
        """The port it listens on; known once it has listened."""
        if not self._port:
            raise RuntimeError("the simulator was never started")
        return self._port

    @property
    def endpoint(self) -> str:
        """The URL for clients."""
        return f"{'https' if self._ssl_context else 'http'}://{LOOPBACK}:{self.port}"

    def description(self) -> dict[str, str]:
        """Return what a client must know, secrets included."""
        return {
            "endpoint": self.endpoint,
            "region": self.region,
            "project_id": self.project_id,
            "instance_id": self.instance_id,
            "ak": self.access_key,
            "sk": self.secret_key,
            "security_token": self.security_token,
            "auth_token": self.auth_token,
        }

    def environment(self) -> dict[str, str]:
        """Return the environment variables of a process inside the first instance, secrets included."""
        variables = {
            "INSTANCE_ID": self.instance_id,
            "PROJECT_ID": self.project_id,
            "MODELARTS_ENDPOINT": self.endpoint,
            "MODELARTS_REGION": self.region,
            "HUAWEICLOUD_SDK_AK": self.access_key,
            "HUAWEICLOUD_SDK_SK": self.secret_key,
            "HUAWEICLOUD_SDK_SECURITY_TOKEN": self.security_token,
        }
        return {name: value for name, value in variables.items() if value}

    def add_instance(self, instance_id: str | None = None, **options: Any) -> Instance:
        """Add an instance.

        Parameters
        ----------
        instance_id
            Its id; made up by default.
        **options
            As for `instances.Instance`, instead of the simulator's own.
        """
        notebook_id = instance_id or f"00000000-51d0-4000-8000-{uuid.uuid4().hex[:12]}"
        given = {"on_stopped": self._stopped, **self._instance_options, **options}
        instance = self.instances[notebook_id] = Instance(notebook_id, self._call_later, self._clock, **given)
        return instance

    def count(self, operation: str = "any") -> int:
        """Return the number of requests for an operation, a group of operations, or ``"any"``."""
        names = operations_of(operation)
        return sum(request.operation in names for request in self.requests)

    async def listen(self) -> None:
        """Start listening, the second time on the same port as the first."""
        if self._server is not None:
            raise RuntimeError("the simulator is already listening")
        self._loop = asyncio.get_running_loop()
        # tornado's own bind_sockets leaves a socket open when the port is taken.
        listening = socket.create_server((LOOPBACK, self._port or self._wanted_port))
        listening.setblocking(False)
        self._port = listening.getsockname()[1]
        self._server = HTTPServer(self._respond, ssl_options=self._ssl_context, max_body_size=1 << 20)
        self._server.add_socket(listening)

    async def close(self) -> None:
        """Stop listening and break off all requests in progress; instances and log are kept."""
        server, self._server = self._server, None
        if server is None:
            return
        server.stop()
        # A hook may close the simulator, and must not wait for itself.
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.close_all_connections()

    async def __aenter__(self) -> Simulator:
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _call_later(self, seconds: float, step: Callable[[], None]) -> None:
        if self._loop is None:
            raise RuntimeError("an instance changes its state only while its simulator is listening")
        self._loop.call_later(seconds, step)

    def _stopped(self, instance_id: str) -> None:
        if self._on_stopped is not None:
            self._spawn(self._call_hook(self._on_stopped, instance_id))

    async def _call_hook(self, hook: StoppedHook, instance_id: str) -> None:
        result = hook(instance_id)
        if inspect.isawaitable(result):
            await result

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("The simulator failed", exc_info=task.exception())

    def _respond(self, http: HTTPServerRequest) -> None:
        self._spawn(self._gateway.serve(self._gateway.record(http), Wire(http)))
