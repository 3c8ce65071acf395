"""Many who ask for a stop at once, each on a connection that is open already."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import AsyncIterator, Sequence
from urllib.parse import urlsplit

from tests.servers import Server

from .light_page import API

_BATCH = 50
"""How many connections are opened at once: a server lets only some wait, and resets others by chance."""


class Caller:
    """Sends one request and reads its response; httpx becomes slow with as many open connections as are needed here."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: Server) -> None:
        self._reader, self._writer, self._server = reader, writer, server

    async def stop(self, instance_id: str) -> int:
        """Ask for a stop without saving; return the status of the response."""
        body = json.dumps({"instance_id": instance_id, "save": "none"}).encode()
        head = [
            f"POST {urlsplit(self._server.url).path}{API}/stop HTTP/1.1",
            f"Host: 127.0.0.1:{self._server.port}",
            f"Authorization: token {self._server.token}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        self._writer.write("\r\n".join([*head, "", ""]).encode() + body)
        response = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        lengths = [line.partition(":")[2] for line in response if line.lower().startswith("content-length:")]
        await self._reader.readexactly(int(lengths[0]))
        return int(response[0].split()[1])

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


@contextlib.asynccontextmanager
async def callers(server: Server, count: int) -> AsyncIterator[Sequence[Caller]]:
    """Yield so many callers with open connections."""
    opened: list[Caller] = []
    for begin in range(0, count, _BATCH):
        batch = range(min(_BATCH, count - begin))
        streams = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", server.port) for _ in batch))
        opened += [Caller(*pair, server) for pair in streams]
        # The server has accepted them all once it serves one that came later.
        await asyncio.get_running_loop().run_in_executor(None, server.view)
    try:
        yield opened
    finally:
        for caller in opened:
            caller.close()
