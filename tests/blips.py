"""A proxy on loopback that fails on request, as the proxy in front of a notebook instance may."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import threading
from typing import Iterator, Literal, Optional, Set

from .waiting import LIMIT

Mode = Literal["pass", "refuse", "bad_gateway"]

_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_BAD_GATEWAY = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
    % (len(_PAGE), _PAGE)
)
# l_onoff and l_linger are shorts on Windows, ints elsewhere.
_NO_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class BlippingProxy:
    """Forwards bytes to a server on this machine, in a thread of its own, as a context manager.

    Parameters
    ----------
    target
        Port of the server on 127.0.0.1.
    port
        Port of its own; unless it is given, one that is free.

    Attributes
    ----------
    port
        The proxy's own port on 127.0.0.1.
    mode
        What happens to new requests, on new and on open connections: ``"pass"`` forwards
        them, ``"refuse"`` resets their connection, ``"bad_gateway"`` answers them with
        502 and an HTML page. May be set from any thread. Open websockets are not
        affected, unless they are `cut`.

    Examples
    --------
    >>> with BlippingProxy(server.port) as proxy:  # doctest: +SKIP
    ...     with proxy.blip("bad_gateway"):
    ...         time.sleep(1)
    """

    def __init__(self, target: int, port: int = 0) -> None:
        self.mode: Mode = "pass"
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listening.getsockname()[1]
        self._open: Set[asyncio.StreamWriter] = set()
        self._serving: Set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="proxy", daemon=True)

    def __enter__(self) -> BlippingProxy:
        self._thread.start()
        assert self._ready.wait(LIMIT), "the proxy did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(LIMIT)
        assert not self._thread.is_alive(), "the proxy did not end"

    def through(self, url: str) -> str:
        """Return the same address, by way of the proxy."""
        return url.replace(f"127.0.0.1:{self._target}", f"127.0.0.1:{self.port}", 1)

    def cut(self) -> None:
        """Reset all open connections, websockets included."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(LIMIT)

    @contextlib.contextmanager
    def blip(self, mode: Mode) -> Iterator[None]:
        """Cut all connections and fail in this way, until the block ends."""
        self.mode = mode
        try:
            self.cut()
            yield
        finally:
            self.mode = "pass"

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        server = await asyncio.start_server(self._accept, sock=self._listening)
        self._ready.set()
        await self._done.wait()
        server.close()
        await self._cut()
        if self._serving:
            await asyncio.wait(self._serving, timeout=LIMIT / 2)

    async def _cut(self) -> None:
        for writer in self._open:
            _reset(writer)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        back: Optional[asyncio.Task[None]] = None
        upstream: Optional[asyncio.StreamWriter] = None
        websocket = False
        try:
            while data := await reader.read(65536):
                if self.mode == "bad_gateway" and not websocket:
                    writer.write(_BAD_GATEWAY)
                    writer.write_eof()
                    # With something left unread, closing resets the connection, and the response may be lost.
                    await asyncio.wait_for(reader.read(), LIMIT / 4)
                    return
                if self.mode == "refuse" and not websocket:
                    _reset(writer)
                    return
                if upstream is None:
                    received, upstream = await asyncio.open_connection("127.0.0.1", self._target)
                    back = asyncio.ensure_future(_forward(received, writer))
                websocket = websocket or b"\r\nupgrade: websocket" in data.lower()
                upstream.write(data)
                await upstream.drain()
        except (OSError, asyncio.TimeoutError):
            _reset(writer)
        finally:
            self._open.discard(writer)
            if back is not None:
                back.cancel()
            for end in (writer, upstream):
                if end is not None:
                    end.close()
                    with contextlib.suppress(OSError):
                        await end.wait_closed()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()
    except OSError:
        _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    if not writer.is_closing():
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        writer.transport.abort()
