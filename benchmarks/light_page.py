"""A page as the server sees one, without a browser: it listens to events, and answers each roll call."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from typing import Any, AsyncIterator

import httpx
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

from tests.servers import Server

API = "jupyter-notebook-stop"


class QuickServer(Server):
    """A JupyterLab that notices soon when its instance has stopped, so that the next stop can be asked for."""

    poll_interval = 0.2


def client(server: Server, connections: int = 100) -> httpx.AsyncClient:
    """Return a client that is logged in at a server."""
    return httpx.AsyncClient(
        base_url=server.url,
        headers={"Authorization": f"token {server.token}"},
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        timeout=120,
        trust_env=False,
    )


class LightPage:
    """Answers roll calls as JupyterLab's page does: it looks, says that it is here, and that it has saved."""

    def __init__(self, server: Server, http: httpx.AsyncClient) -> None:
        self.id = uuid.uuid4().hex
        self._server = server
        self._http = http
        self._listening: asyncio.Future[None] | None = None
        self._socket: WebSocketClientConnection | None = None

    async def open(self) -> None:
        """Listen to the server's events."""
        url = self._server.url.replace("http", "ws", 1) + "api/events/subscribe"
        headers = {"Authorization": f"token {self._server.token}"}
        self._socket = await websocket_connect(HTTPRequest(url, headers=headers))
        self._listening = asyncio.ensure_future(self._listen(self._socket))

    async def close(self) -> None:
        """Leave."""
        if self._socket is not None and self._listening is not None:
            self._socket.close()
            await self._listening

    async def _listen(self, socket: WebSocketClientConnection) -> None:
        with contextlib.suppress(WebSocketClosedError):
            while (message := await socket.read_message()) is not None:
                event = json.loads(message)
                if event.get("phase") == "saving":
                    await self._answer(event["attempt"])

    async def _answer(self, attempt: str) -> None:
        (await self._http.get(f"{API}/instance")).raise_for_status()
        for state in ("here", "saved"):
            report: dict[str, Any] = {"state": state, "documents": [], "kernels": []}
            response = await self._http.put(f"{API}/stop/{attempt}/tabs/{self.id}?heard=event", json=report)
            # Who is slow hears that the roll call is over (409), or that another attempt came after it (404).
            if response.status_code not in (404, 409):
                response.raise_for_status()


@contextlib.asynccontextmanager
async def pages(server: Server, http: httpx.AsyncClient, count: int) -> AsyncIterator[list[LightPage]]:
    """Yield so many pages that listen."""
    opened = [LightPage(server, http) for _ in range(count)]
    for page in opened:
        await page.open()
    try:
        yield opened
    finally:
        await asyncio.gather(*(page.close() for page in opened))


async def over(http: httpx.AsyncClient) -> None:
    """Wait until the last attempt has come to its end."""
    while True:
        attempt = (await http.get(f"{API}/instance")).json()["attempt"]
        if attempt is None or attempt["phase"] not in ("saving", "stopping", "accepted"):
            return
        await asyncio.sleep(0.05)
