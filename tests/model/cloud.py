"""The stand-in of the cloud and the network before it, in the process of the test."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from types import SimpleNamespace
from typing import Any, AsyncIterator, Callable, Optional

import httpx
from tornado.httputil import HTTPHeaders

from jupyter_notebook_stop.simulator.authentication import KeyRing
from jupyter_notebook_stop.simulator.faults import Fault
from jupyter_notebook_stop.simulator.gateway import Gateway
from jupyter_notebook_stop.simulator.instances import Instance
from jupyter_notebook_stop.simulator.notebooks import Notebooks
from jupyter_notebook_stop.simulator.operations import STOP
from jupyter_notebook_stop.simulator.request_log import Request
from jupyter_notebook_stop.simulator.responses import Refusal, Response, json_response
from jupyter_notebook_stop.simulator.rules import FaultRules
from jupyter_notebook_stop.simulator.settings import Settings

INSTANCE_ID = "00000000-51d0-4000-8000-000000000001"
OTHER_ID = "00000000-51d0-4000-8000-000000000002"
PROJECT_ID = "00000000000000000000000000000001"
ACCESS_KEY, SECRET_KEY = "SIMULATOR-KEY", "simulated-sk-of-the-model"

LATE = 20.0
"""How late an accepted stop may be taken, in seconds: less than the time after which it counts as dropped."""


class OfAnother(Fault, frozen=True):
    """A response about another instance, as a confused gateway may give."""

    def rewrite(self, response: Response) -> Response | Refusal:
        return json_response(200, {"id": OTHER_ID, "status": "STOPPING"})


class SlowInstance(Instance):
    """An instance that may take an accepted stop late.

    Attributes
    ----------
    late
        After how many seconds; 0 for at once.
    """

    late = 0.0

    def stop(self) -> None:
        if self.late and self.status == "RUNNING":
            self._schedule(self.late, self._stop_after_all)
        else:
            super().stop()

    def _stop_after_all(self) -> None:
        if self.status == "RUNNING":
            super().stop()


@dataclasses.dataclass
class Post:
    """A request to stop that has left the server.

    Attributes
    ----------
    doubtful
        Whether it may have been taken, by all that the server can know.
    """

    attempt: str
    schedule: Optional[str]
    request: Request
    doubtful: bool = True


class _Wire:
    def __init__(self) -> None:
        self.ended = False
        self.answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

    def _end(self) -> bool:
        self.ended = True
        return not self.answer.done()

    async def send(self, response: Response) -> None:
        if self._end():
            self.answer.set_result(response)

    def close(self) -> None:
        if self._end():
            self.answer.set_exception(httpx.RemoteProtocolError("closed"))

    async def reset(self, *, after_sending: bool = False) -> None:
        if self._end():
            self.answer.set_exception(httpx.ReadError("reset"))


class _Body(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


class Cloud:
    """The service with one instance.

    Attributes
    ----------
    reachable
        Whether connections to it can be made.
    posts
        All requests to stop that have arrived.
    history
        The status of the instance at each request, with the time.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.instance = SlowInstance(INSTANCE_ID, loop.call_later, time.time, step_seconds=1.5)
        self.faults = FaultRules()
        self.settings = Settings()
        self.requests: list[Request] = []
        self.reachable = True
        self.posts: list[Post] = []
        self.history: list[tuple[float, str]] = []
        keys = KeyRing(None)
        keys.add(ACCESS_KEY, SECRET_KEY, None)
        self._gateway = Gateway(
            Notebooks(PROJECT_ID, {INSTANCE_ID: self.instance}, self.settings),
            keys=keys,
            faults=self.faults,
            settings=self.settings,
            requests=self.requests,
            clock=time.time,
        )
        self._tasks: set[asyncio.Task[None]] = set()

    def had(self, statuses: set[str], since: float) -> bool:
        """Return whether the instance was in one of these states at a request, or is now."""
        return self.instance.status in statuses or any(
            at >= since and status in statuses for at, status in self.history
        )

    def note(self) -> None:
        self.history.append((self._loop.time(), self.instance.status))

    async def _serve(self, request: Request, wire: Any) -> None:
        self.note()
        await self._gateway.serve(request, wire)
        self.note()

    async def answer(self, request: httpx.Request, on_post: Callable[[Request], Post]) -> httpx.Response:
        """Return the response to a request that has been sent."""
        http: Any = SimpleNamespace(
            method=request.method,
            uri=request.url.raw_path.decode("ascii"),
            headers=HTTPHeaders(dict(request.headers)),
            body=request.content,
        )
        recorded = self._gateway.record(http)
        post = on_post(recorded) if recorded.operation == STOP else None
        if post is not None:
            self.posts.append(post)
        wire = _Wire()
        # What the service does goes on, whether or not anybody waits for the answer.
        task = asyncio.ensure_future(self._serve(recorded, wire))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Nobody may be left to hear that it was lost.
        wire.answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            response = await asyncio.wait_for(asyncio.shield(wire.answer), request.extensions["timeout"]["read"])
        except asyncio.TimeoutError:
            raise httpx.ReadTimeout("no answer", request=request) from None
        headers = dict(response.fields())
        if post is not None:
            status = response.status
            busy = status == 429 or (status == 503 and "Retry-After" in headers)
            post.doubtful = not busy and (status < 400 or status >= 500 or status == 408)
        return httpx.Response(response.status, headers=headers, stream=_Body(response.body))


class Way(httpx.AsyncBaseTransport):
    """The way from one server to the cloud.

    Attributes
    ----------
    cut
        Whether the server has ended, and sends nothing any more.
    """

    def __init__(self, cloud: Cloud, on_post: Callable[[Request], Post]) -> None:
        self._cloud = cloud
        self._on_post = on_post
        self.cut = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.01)
        if self.cut or not self._cloud.reachable:
            raise httpx.ConnectError("no way", request=request)
        sending = SimpleNamespace(method=request.method.encode())
        await request.extensions["trace"]("http11.send_request_headers.started", {"request": sending})
        await asyncio.sleep(0.01)
        if self.cut:
            raise httpx.ConnectError("the server has ended", request=request)
        return await self._cloud.answer(request, self._on_post)
