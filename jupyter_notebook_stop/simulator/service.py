"""The stand-in as a service: takes requests on loopback, lets faults happen, answers."""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
import socket
import ssl
import sys
import time
import uuid
from collections.abc import Awaitable, Coroutine
from email.utils import formatdate
from types import TracebackType
from typing import Any, Callable, Union

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest

from .answers import MARKER, MARKER_HEADER, Refusal, Reply
from .authentication import Call, KeyRing, decode_header, decode_query
from .faults import Fault
from .instances import Instance
from .notebooks import Notebooks, operation_of
from .request_log import Headers, Request
from .rules import FaultRules, operations_of
from .settings import Settings
from .wire import Wire

LOOPBACK = "127.0.0.1"
REGION = "simulator-1"

StoppedHook = Callable[[str], Union[Awaitable[None], None]]

log = logging.getLogger(__name__)


class Simulator:
    """An embedded stand-in of the cloud's notebook service.

    Parameters
    ----------
    instance_id, project_id
        Throw-away ids by default.
    region
        A name that no real region has.
    step_seconds, progress_style, stop_conflict, dedicated
        As for `instances.Instance`; they hold for every instance added.
    temporary_key
        Whether the first key is a temporary one, with a security token.
    lock_after
        As for `authentication.KeyRing`.
    port
        The port to listen on; 0 for a free one.
    address
        Nothing but 127.0.0.1 is taken.
    ssl_context
        Serves TLS when given.
    on_stopped
        Called, and awaited if need be, with the id of each instance that has
        stopped.
    clock
        Seconds since the epoch.
    **settings
        As for `settings.Settings`.

    Attributes
    ----------
    faults
        The rules that let things go wrong.
    requests
        All requests in the order they came.
    keys
        The keys and tokens that are taken.
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
        self._tasks: set[asyncio.Task[None]] = set()
        self.instance = self.add_instance(instance_id)
        self.instance_id = self.instance.id
        self._notebooks = Notebooks(self.project_id, self.instances, self.settings)

    def __repr__(self) -> str:
        return f"<Simulator {self.endpoint if self._server else 'not listening'}>"

    @property
    def port(self) -> int:
        """The port it listens on."""
        if not self._port:
            raise RuntimeError("the simulator was never started")
        return self._port

    @property
    def endpoint(self) -> str:
        """The URL to give a client."""
        return f"{'https' if self._ssl_context else 'http'}://{LOOPBACK}:{self.port}"

    def description(self) -> dict[str, str]:
        """Return what a client needs to know, secrets included."""
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
            Its id; a throw-away one by default.
        **options
            As for `instances.Instance`, in place of the simulator's own.
        """
        notebook_id = instance_id or f"00000000-51d0-4000-8000-{uuid.uuid4().hex[:12]}"
        given = {"on_stopped": self._stopped, **self._instance_options, **options}
        instance = self.instances[notebook_id] = Instance(notebook_id, self._put_off, self._clock, **given)
        return instance

    def count(self, operation: str = "any") -> int:
        """Return how many requests there were for an operation, a group of them, or any."""
        names = operations_of(operation)
        return sum(request.operation in names for request in self.requests)

    async def start(self) -> None:
        """Begin to listen."""
        if self._server is not None:
            raise RuntimeError("the simulator listens already")
        self._loop = asyncio.get_running_loop()
        # Started again, it comes back where its clients look for it.
        listening = _listen(self._port or self._wanted_port)
        self._port = listening.getsockname()[1]
        self._server = HTTPServer(self._take, ssl_options=self._ssl_context, max_body_size=1 << 20)
        self._server.add_socket(listening)

    async def stop(self) -> None:
        """Stop to listen, and break off what is under way. Instances and log stay."""
        server, self._server = self._server, None
        if server is None:
            return
        server.stop()
        # A hook may end the simulator, and must not wait for itself.
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.close_all_connections()

    async def __aenter__(self) -> Simulator:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _put_off(self, seconds: float, step: Callable[[], None]) -> None:
        if self._loop is None:
            raise RuntimeError("an instance moves only while its simulator runs")
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

    def _take(self, http: HTTPServerRequest) -> None:
        path = (http.uri or "").partition("?")[0]
        self._spawn(self._serve(self._recorded(http, path), http))

    def _recorded(self, http: HTTPServerRequest, path: str) -> Request:
        request = Request(
            operation=operation_of(http.method or "", path),
            method=http.method or "",
            path=path,
            query=decode_query((http.uri or "").partition("?")[2]),
            headers=Headers({name: decode_header(value) for name, value in http.headers.items()}),
            body=http.body or b"",
            time=self._clock(),
            request_id=f"simulated-{uuid.uuid4().hex}",
        )
        self.requests.append(request)
        return request

    async def _serve(self, request: Request, http: HTTPServerRequest) -> None:
        wire = Wire(http)
        try:
            await self._answer(request, wire)
        except BaseException:
            # Cancelled, or a mistake in a fault: no client shall wait for an answer that never comes.
            wire.abandon()
            raise

    async def _answer(self, request: Request, wire: Wire) -> None:
        faults = self.faults.take(request.operation)
        for fault in faults:
            await fault.before(wire)
            if wire.ended:
                return
        answer = next((given for given in (fault.instead() for fault in faults) if given is not None), None)
        reply = self._perform(request) if answer is None else self._rendered(answer, request)
        if answer is None:
            for fault in faults:
                await fault.after(wire)
                if wire.ended:
                    return
        for fault in faults:
            reply = self._rendered(fault.rewrite(reply), request)
        reply = self._complete(reply, request)
        request.status = reply.status
        await self._send(reply, wire, faults)

    async def _send(self, reply: Reply, wire: Wire, faults: tuple[Fault, ...]) -> None:
        for fault in faults:
            await fault.send(wire, reply)
            if wire.ended:
                return
        await wire.send(reply)

    def _perform(self, request: Request) -> Reply:
        try:
            self._notebooks.check_known(request)
            call = Call(request.method, request.path, request.query, request.headers, request.body)
            now = self._clock() + self.settings.clock_skew
            self.keys.check(call, now, echo_canonical_request=self.settings.echo_canonical_request)
            reply = self._notebooks.perform(request)
        except Refusal as refusal:
            return self._rendered(refusal, request)
        request.took_effect = True
        return reply

    def _rendered(self, answer: Reply | Refusal, request: Request) -> Reply:
        return answer if isinstance(answer, Reply) else answer.reply(request.request_id, self.settings.error_shape)

    def _complete(self, reply: Reply, request: Request) -> Reply:
        now = self._clock() + self.settings.clock_skew
        return reply.with_headers(
            {
                "Date": formatdate(now, usegmt=True),
                "Server": "simulator",
                "X-Request-Id": request.request_id,
                MARKER_HEADER: MARKER,
            }
        )


def _listen(port: int) -> socket.socket:
    # tornado's own bind_sockets leaves a socket open when the port is taken.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setblocking(False)
        listening.bind((LOOPBACK, port))
        listening.listen(128)
    except BaseException:
        listening.close()
        raise
    return listening
