"""How a response reaches the client, or fails to: the one module that touches sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Iterable

from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError

from .responses import Response

# l_onoff and l_linger are shorts on Windows, ints elsewhere.
_NO_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_FLUSH_SECONDS = 0.02


class Wire:
    """The way back to the client of one request.

    Parameters
    ----------
    request
        The request to respond to.

    Attributes
    ----------
    ended
        Whether the exchange is over and nothing more can be sent.
    """

    def __init__(self, request: HTTPServerRequest) -> None:
        connection = request.connection
        assert isinstance(connection, HTTP1Connection)
        self._connection = connection
        self._method = request.method
        self._stream: IOStream | None = None
        self.ended = False

    def _detach(self) -> IOStream:
        # Raw bytes and resets need the stream itself; from here on tornado does not touch it.
        if self._stream is None:
            self._stream = self._connection.detach()
        return self._stream

    async def send(self, response: Response) -> None:
        """Send a response as HTTP wants it; the connection stays open."""
        self.ended = True
        if self._connection.stream.closed():
            return
        headers = HTTPHeaders()
        for name, value in response.fields():
            headers.add(name, value)
        body = response.body if response.has_body else b""
        if response.has_body:
            headers["Content-Length"] = str(len(body))
        line = ResponseStartLine("HTTP/1.1", response.status, response.reason)
        with contextlib.suppress(StreamClosedError):
            self._connection.write_headers(line, headers, None if self._method == "HEAD" else body or None)
            self._connection.finish()

    async def send_raw(self, pieces: Iterable[bytes], pause: float = 0.0) -> None:
        """Send bytes as they are, with a pause after each piece, and leave the connection open."""
        self.ended = True
        stream = self._detach()
        with contextlib.suppress(StreamClosedError):
            for piece in pieces:
                await stream.write(piece)
                if pause:
                    await asyncio.sleep(pause)

    def close(self) -> None:
        """Close the connection properly (FIN), whatever its state."""
        self.ended = True
        self._detach().close()

    async def reset(self, *, after_sending: bool = False) -> None:
        """Reset the connection (RST).

        Parameters
        ----------
        after_sending
            Wait a moment first, since a reset may overtake what was sent.
        """
        self.ended = True
        stream = self._detach()
        if after_sending:
            await asyncio.sleep(_FLUSH_SECONDS)
        if stream.closed():
            return
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        stream.close()


def encode_head(response: Response, framing: str) -> bytes:
    """Return a response up to the empty line, with `framing` as the header that frames the body."""
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in response.fields()]
    if framing:
        lines.append(framing)
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def encode(response: Response) -> bytes:
    """Return a complete response as bytes."""
    if not response.has_body:
        return encode_head(response, "")
    return encode_head(response, f"Content-Length: {len(response.body)}") + response.body
