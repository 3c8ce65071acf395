"""How an answer reaches the client, or fails to: the one place that touches sockets."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Iterable

from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError

from .answers import Reply

# l_onoff and l_linger are shorts on Windows, ints elsewhere.
_LINGER_NOT = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_FLUSH_SECONDS = 0.02


class Wire:
    """The way back to the client of one request.

    Parameters
    ----------
    request
        The request that is to be answered.

    Attributes
    ----------
    ended
        Whether nothing more can be sent.
    """

    def __init__(self, request: HTTPServerRequest) -> None:
        connection = request.connection
        assert isinstance(connection, HTTP1Connection)
        self._connection = connection
        self._method = request.method
        self._stream: IOStream | None = None
        self.ended = False

    def _take(self) -> IOStream:
        # Raw bytes and resets need the stream itself; from here on tornado has no part in it.
        if self._stream is None:
            self._stream = self._connection.detach()
        return self._stream

    async def send(self, reply: Reply) -> None:
        """Send an answer as it should be sent; the connection stays open."""
        self.ended = True
        if self._connection.stream.closed():
            return
        headers = HTTPHeaders()
        for name, value in reply.fields():
            headers.add(name, value)
        body = reply.body if reply.has_body else b""
        if reply.has_body:
            headers["Content-Length"] = str(len(body))
        line = ResponseStartLine("HTTP/1.1", reply.status, reply.reason)
        try:
            self._connection.write_headers(line, headers, None if self._method == "HEAD" else body or None)
            self._connection.finish()
        except StreamClosedError:
            pass

    async def send_raw(self, pieces: Iterable[bytes], pause: float = 0.0) -> None:
        """Send bytes as they are, with a pause after each piece, and leave the connection open."""
        self.ended = True
        stream = self._take()
        try:
            for piece in pieces:
                await stream.write(piece)
                if pause:
                    await asyncio.sleep(pause)
        except StreamClosedError:
            pass

    def abandon(self) -> None:
        """Drop the connection at once, in whatever state it is."""
        self.ended = True
        self._take().close()

    async def close(self) -> None:
        """Close the connection in order, with a FIN, once all is sent."""
        self.abandon()

    async def reset(self, *, after_sending: bool = False) -> None:
        """Break the connection with a RST.

        Parameters
        ----------
        after_sending
            Leave what was sent the time to be read, since a reset may
            overtake it.
        """
        self.ended = True
        stream = self._take()
        if after_sending:
            await asyncio.sleep(_FLUSH_SECONDS)
        if stream.closed():
            return
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        stream.close()


def head(reply: Reply, framing: str) -> bytes:
    """Return the start of an answer up to the empty line, with `framing` as the header that frames the body."""
    lines = [f"HTTP/1.1 {reply.status} {reply.reason}"]
    lines += [f"{name}: {value}" for name, value in reply.fields()]
    if framing:
        lines.append(framing)
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def whole(reply: Reply) -> bytes:
    """Return a whole answer as bytes."""
    if not reply.has_body:
        return head(reply, "")
    return head(reply, f"Content-Length: {len(reply.body)}") + reply.body
