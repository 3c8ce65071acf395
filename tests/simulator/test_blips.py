"""The proxy that fails on request, before a server with HTTP and a websocket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import Any, AsyncIterator, Awaitable, Callable, Iterator

import httpx
import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketClientConnection, WebSocketHandler, websocket_connect

from ..blips import BlippingProxy
from ..waiting import LIMIT

Walk = Callable[[httpx.AsyncClient, BlippingProxy], Awaitable[None]]


class Mirror(RequestHandler):
    def post(self) -> None:
        self.finish(self.request.body)

    get = post


class Echo(WebSocketHandler):
    def on_message(self, message: Any) -> None:
        self.write_message(message)


def through_the_proxy(walk: Walk) -> None:
    """Run `walk` with a client and a proxy in front of a server."""

    async def main() -> None:
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(Application([("/", Mirror), ("/echo", Echo)]))
        server.add_sockets(sockets)
        with BlippingProxy(sockets[0].getsockname()[1]) as proxy:
            url = f"http://127.0.0.1:{proxy.port}/"
            async with httpx.AsyncClient(trust_env=False, base_url=url, timeout=LIMIT) as client:
                await walk(client, proxy)
        server.stop()
        await server.close_all_connections()

    asyncio.run(main())


@contextlib.contextmanager
def nothing_left() -> Iterator[None]:
    threads = threading.active_count()
    yield
    assert threading.active_count() == threads


@contextlib.asynccontextmanager
async def websocket(proxy: BlippingProxy) -> AsyncIterator[WebSocketClientConnection]:
    connection = await websocket_connect(f"ws://127.0.0.1:{proxy.port}/echo")
    try:
        yield connection
    finally:
        connection.close()


async def expect_echo(connection: WebSocketClientConnection, text: str) -> None:
    await connection.write_message(text)
    assert await connection.read_message() == text


def test_it_forwards_requests_large_bodies_and_websockets() -> None:
    async def walk(client: httpx.AsyncClient, proxy: BlippingProxy) -> None:
        body = bytes(range(256)) * 40_000
        assert (await client.post("/", content=body)).content == body
        async with websocket(proxy) as connection:
            for text in ("one", "x" * 200_000):
                await expect_echo(connection, text)

    with nothing_left():
        through_the_proxy(walk)


def test_a_bad_gateway_answers_new_requests_and_leaves_open_websockets_alone() -> None:
    async def walk(client: httpx.AsyncClient, proxy: BlippingProxy) -> None:
        assert (await client.get("/")).status_code == 200
        async with websocket(proxy) as connection:
            proxy.mode = "bad_gateway"
            # On the connection that was kept alive, on a new one, and with a body that nobody reads.
            for content in (b"", b"", b"x" * 1_000_000):
                response = await client.post("/", content=content)
                assert (response.status_code, response.headers["content-type"]) == (502, "text/html")
                assert "Bad Gateway" in response.text
            await expect_echo(connection, "still here")
            proxy.mode = "pass"
            assert (await client.get("/")).status_code == 200

    through_the_proxy(walk)


def test_refusing_resets_new_requests() -> None:
    async def walk(client: httpx.AsyncClient, proxy: BlippingProxy) -> None:
        assert (await client.get("/")).status_code == 200
        proxy.mode = "refuse"
        for _ in range(3):
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                await client.get("/")
        proxy.mode = "pass"
        assert (await client.get("/")).status_code == 200

    through_the_proxy(walk)


def test_a_cut_ends_what_is_open_and_nothing_else() -> None:
    async def walk(client: httpx.AsyncClient, proxy: BlippingProxy) -> None:
        async with websocket(proxy) as connection:
            proxy.cut()
            assert await connection.read_message() is None
        async with websocket(proxy) as connection:
            await expect_echo(connection, "again")
        assert (await client.get("/")).status_code == 200

    through_the_proxy(walk)


def test_a_blip_cuts_fails_and_passes_again_even_after_an_error() -> None:
    async def walk(client: httpx.AsyncClient, proxy: BlippingProxy) -> None:
        async with websocket(proxy) as connection:
            with pytest.raises(KeyError):
                await fail_within_a_blip(client, proxy, connection)
        assert (await client.get("/")).status_code == 200

    async def fail_within_a_blip(
        client: httpx.AsyncClient, proxy: BlippingProxy, connection: WebSocketClientConnection
    ) -> None:
        with proxy.blip("bad_gateway"):
            assert await connection.read_message() is None
            assert (await client.get("/")).status_code == 502
            raise KeyError

    through_the_proxy(walk)


def test_a_server_that_is_gone_is_a_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port: int = closed.getsockname()[1]
    with BlippingProxy(port) as proxy, httpx.Client(trust_env=False, timeout=LIMIT) as client:
        assert proxy.through(f"http://127.0.0.1:{port}/lab?a=127.0.0.1:{port}").startswith(
            f"http://127.0.0.1:{proxy.port}/lab"
        )
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            client.get(f"http://127.0.0.1:{proxy.port}/")
