"""What can go wrong on request: with the time, the connection, the bytes of a response."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Iterator
from email.utils import formatdate
from typing import Literal

import msgspec

from .responses import Refusal, Response
from .wire import Wire, encode, encode_head

_PIECE = 65536


class Fault(msgspec.Struct, frozen=True):
    """Something that happens to a request or its response; this base class does nothing.

    Several faults can act on the same request. The hooks of all of them are
    called in this order: `before` the operation; `instead` of it, where the
    first response that is returned counts; `after` it; `rewrite` the response;
    `send` it, until one of them has ended the exchange.
    """

    async def before(self, wire: Wire) -> None:
        """Act before the operation."""

    def instead(self) -> Response | Refusal | None:
        """Return a response that is sent without carrying out the operation."""
        return None

    async def after(self, wire: Wire) -> None:
        """Act after the operation, before the response."""

    def rewrite(self, response: Response) -> Response | Refusal:
        """Return the response to send in place of `response`."""
        return response

    async def send(self, wire: Wire, response: Response) -> None:
        """Send the response; a fault that sends nothing leaves it to be sent as usual."""


class Delay(Fault, frozen=True):
    """Wait, before or after the operation takes effect."""

    seconds: float
    when: Literal["before", "after"] = "before"

    async def before(self, wire: Wire) -> None:
        """Wait, if this is the time."""
        if self.when == "before":
            await asyncio.sleep(self.seconds)

    async def after(self, wire: Wire) -> None:
        """Wait, if this is the time."""
        if self.when == "after":
            await asyncio.sleep(self.seconds)


class Reset(Fault, frozen=True):
    """Reset the connection (RST).

    Before: the operation is not carried out. After: it is, and no response is
    sent. During: it is, and half of the response is sent.
    """

    when: Literal["before", "during", "after"] = "before"

    async def before(self, wire: Wire) -> None:
        """Reset it, if this is the time."""
        if self.when == "before":
            await wire.reset()

    async def after(self, wire: Wire) -> None:
        """Reset it, if this is the time."""
        if self.when == "after":
            await wire.reset()

    async def send(self, wire: Wire, response: Response) -> None:
        """Reset it in the middle of the body."""
        if self.when == "during":
            data = encode(response)
            await wire.send_raw([data[: len(data) - len(response.body) // 2 - 1]])
            await wire.reset(after_sending=True)


class CutBody(Fault, frozen=True):
    """Close the connection properly, with a part of the body missing."""

    keep: float = 0.5
    chunked: bool = False

    async def send(self, wire: Wire, response: Response) -> None:
        """Send the beginning."""
        kept = response.body[: int(len(response.body) * self.keep)]
        if self.chunked:
            chunk = b"%x\r\n" % len(response.body) + kept
            await wire.send_raw([encode_head(response, "Transfer-Encoding: chunked") + chunk])
        else:
            await wire.send_raw([encode_head(response, f"Content-Length: {len(response.body)}") + kept])
        wire.close()


class WrongLength(Fault, frozen=True):
    """Give a Content-Length that is off by `by` bytes, then close the connection."""

    by: int

    async def send(self, wire: Wire, response: Response) -> None:
        """Send the whole body under a wrong length."""
        await wire.send_raw(
            [encode_head(response, f"Content-Length: {max(0, len(response.body) + self.by)}") + response.body]
        )
        wire.close()


class Drip(Fault, frozen=True):
    """Send the right response a few bytes at a time; with `head`, its headers as well."""

    size: int = 1
    pause: float = 0.01
    head: bool = False

    async def send(self, wire: Wire, response: Response) -> None:
        """Send it slowly."""
        data = encode(response)
        begin = 0 if self.head else len(data) - len(response.body)
        pieces = [data[:begin]] if begin else []
        pieces += [data[at : at + self.size] for at in range(begin, len(data), self.size)]
        await wire.send_raw(pieces, self.pause)
        wire.close()


class Huge(Fault, frozen=True):
    """Send a JSON object of about `size` bytes, which is generated on the fly; with `gzipped`, compressed."""

    size: int
    gzipped: bool = False

    async def send(self, wire: Wire, response: Response) -> None:
        """Send it as fast as the client reads."""
        framing = "Transfer-Encoding: chunked"
        if self.gzipped:
            framing += "\r\nContent-Encoding: gzip"
        await wire.send_raw([encode_head(response, framing)])
        await wire.send_raw(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in self._pieces())
        await wire.send_raw([b"0\r\n\r\n"])
        wire.close()

    def _pieces(self) -> Iterator[bytes]:
        packer = zlib.compressobj(wbits=31) if self.gzipped else None
        for piece in self._text():
            packed = packer.compress(piece) if packer else piece
            if packed:
                yield packed
        if packer:
            yield packer.flush()

    def _text(self) -> Iterator[bytes]:
        yield b'{"status":"RUNNING","padding":"'
        for begin in range(0, self.size, _PIECE):
            yield b"x" * min(self.size - begin, _PIECE)
        yield b'"}'


class SkewedDate(Fault, frozen=True):
    """Send a wrong Date header; `Settings.clock_skew` changes the check of the signature as well."""

    seconds: float

    def rewrite(self, response: Response) -> Response:
        """Set the header."""
        return response.with_headers({"Date": formatdate(time.time() + self.seconds, usegmt=True)})


class DropStop(Fault, frozen=True):
    """Accept a stop that then never happens: the response is that of any stop, and the instance stays RUNNING."""
