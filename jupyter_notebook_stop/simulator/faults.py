"""What can go wrong on demand."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any, ClassVar, Literal

import msgspec

from .answers import HTML, JSON, Refusal, Reply, check_shape, error_page
from .wire import Wire, head, whole

_PIECE = 65536


class Fault(msgspec.Struct, frozen=True):
    """Something that happens to a request or its answer; by itself nothing does.

    Several faults may act on the same request. They are asked in turn: all of
    them `before` the service does its work, the first that has an answer
    `instead` of it, then all of them `after` it and to `rewrite` its answer,
    and at last the first that will `send` it in a way of its own.
    """

    async def before(self, wire: Wire) -> None:
        """Act before the operation."""

    def instead(self) -> Reply | Refusal | None:
        """Return an answer to be given without the operation."""
        return None

    async def after(self, wire: Wire) -> None:
        """Act once the operation has taken effect, before any answer."""

    def rewrite(self, reply: Reply) -> Reply | Refusal:
        """Return the answer to be given in place of `reply`."""
        return reply

    async def send(self, wire: Wire, reply: Reply) -> None:
        """Send the answer; leave ``wire.ended`` alone for it to be sent as usual."""


class Delay(Fault, frozen=True):
    """Wait, before or after the operation takes effect."""

    seconds: float
    when: Literal["before", "after"] = "before"

    async def before(self, wire: Wire) -> None:
        """Wait, if it is to be now."""
        if self.when == "before":
            await asyncio.sleep(self.seconds)

    async def after(self, wire: Wire) -> None:
        """Wait, if it is to be now."""
        if self.when == "after":
            await asyncio.sleep(self.seconds)


class Reset(Fault, frozen=True):
    """Break the connection with a RST.

    Before: the operation isn't carried out. After: it is, and no answer is
    sent. During: it is, and half of the answer is sent.
    """

    when: Literal["before", "during", "after"] = "before"

    async def before(self, wire: Wire) -> None:
        """Break it, if it is to be now."""
        if self.when == "before":
            await wire.reset()

    async def after(self, wire: Wire) -> None:
        """Break it, if it is to be now."""
        if self.when == "after":
            await wire.reset()

    async def send(self, wire: Wire, reply: Reply) -> None:
        """Break it in the midst of the body."""
        if self.when == "during":
            data = whole(reply)
            await wire.send_raw([data[: len(data) - len(reply.body) // 2 - 1]])
            await wire.reset(after_sending=True)


class CutBody(Fault, frozen=True):
    """Close the connection, in order, with a part of the body missing."""

    keep: float = 0.5
    chunked: bool = False

    async def send(self, wire: Wire, reply: Reply) -> None:
        """Send the beginning."""
        kept = reply.body[: int(len(reply.body) * self.keep)]
        if self.chunked:
            chunk = b"%x\r\n" % len(reply.body) + kept
            await wire.send_raw([head(reply, "Transfer-Encoding: chunked") + chunk])
        else:
            await wire.send_raw([head(reply, f"Content-Length: {len(reply.body)}") + kept])
        await wire.close()


class WrongLength(Fault, frozen=True):
    """Give a Content-Length that is off by `by` bytes, then close the connection."""

    by: int

    async def send(self, wire: Wire, reply: Reply) -> None:
        """Send the whole body under a wrong length."""
        await wire.send_raw([head(reply, f"Content-Length: {max(0, len(reply.body) + self.by)}") + reply.body])
        await wire.close()


class Drip(Fault, frozen=True):
    """Send the right answer, a few bytes at a time; with `head` its headers as well."""

    size: int = 1
    pause: float = 0.01
    head: bool = False

    async def send(self, wire: Wire, reply: Reply) -> None:
        """Send it slowly."""
        data = whole(reply)
        begin = 0 if self.head else len(data) - len(reply.body)
        pieces = [data[:begin]] if begin else []
        pieces += [data[at : at + self.size] for at in range(begin, len(data), self.size)]
        await wire.send_raw(pieces, self.pause)
        await wire.close()


class Huge(Fault, frozen=True):
    """Send a JSON object of about `size` bytes, made as it is sent; gzipped, it is small on the wire only."""

    size: int
    gzipped: bool = False

    async def send(self, wire: Wire, reply: Reply) -> None:
        """Send it as fast as it is taken."""
        framing = "Transfer-Encoding: chunked"
        if self.gzipped:
            framing += "\r\nContent-Encoding: gzip"
        await wire.send_raw([head(reply, framing)])
        await wire.send_raw(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in self._pieces())
        await wire.send_raw([b"0\r\n\r\n"])
        await wire.close()

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
        left = self.size
        while left > 0:
            yield b"x" * min(left, _PIECE)
            left -= _PIECE
        yield b'"}'


class SkewedDate(Fault, frozen=True):
    """Tell a wrong time in the Date header; `Simulator.clock_skew` lets the signature's check go wrong with it."""

    seconds: float

    def rewrite(self, reply: Reply) -> Reply:
        """Set the header."""
        return reply.with_headers({"Date": formatdate(time.time() + self.seconds, usegmt=True)})


class Replacement(Fault, frozen=True, kw_only=True):
    """The kind of fault that gives another answer.

    Parameters
    ----------
    takes_effect
        Whether the operation is carried out all the same.
    """

    takes_effect: bool = False

    def answer(self) -> Reply | Refusal:
        """Return the other answer."""
        raise NotImplementedError

    def instead(self) -> Reply | Refusal | None:
        """Return the other answer, unless the operation comes first."""
        return None if self.takes_effect else self.answer()

    def rewrite(self, reply: Reply) -> Reply | Refusal:
        """Return the other answer, if the operation came first."""
        return self.answer() if self.takes_effect else reply


class Answer(Replacement, frozen=True):
    """Any status with any body and any headers."""

    status: int = 200
    body: str = ""
    content_type: str = JSON
    headers: dict[str, str] = {}

    def answer(self) -> Reply:
        """Return it."""
        return Reply(self.status, self.body.encode(), self.content_type, tuple(self.headers.items()))


class Refuse(Replacement, frozen=True):
    """An error of the service, in any of `answers.ERROR_SHAPES`; empty for the simulator's setting."""

    status: int = 403
    code: str = "ModelArts.0112"
    message: str = "Insufficient permissions."
    shape: str = ""

    def __post_init__(self) -> None:
        """Refuse an unknown shape at once, not at the first request."""
        if self.shape:
            check_shape(self.shape)

    def answer(self) -> Refusal:
        """Return it."""
        return Refusal(self.status, self.code, self.message, self.shape)


class Unavailable(Replacement, frozen=True):
    """The gateway can't reach the service: a 5xx."""

    status: int = 503
    code: str = "APIGW.0201"
    shape: str = ""

    def __post_init__(self) -> None:
        """Refuse an unknown shape at once, not at the first request."""
        if self.shape:
            check_shape(self.shape)

    def answer(self) -> Refusal:
        """Return it."""
        return Refusal(self.status, self.code, "Backend unavailable.", self.shape)


class Throttle(Replacement, frozen=True):
    """Too many requests; Retry-After in seconds, as a date, or in the words of `text`; with none of it if negative."""

    retry_after: float = 1.0
    as_date: bool = False
    text: str = ""
    status: int = 429

    def answer(self) -> Refusal:
        """Return it."""
        if self.text:
            value = self.text
        elif self.as_date:
            value = formatdate(time.time() + self.retry_after, usegmt=True)
        else:
            value = f"{self.retry_after:g}"
        headers = (("Retry-After", value),) if self.text or self.retry_after >= 0 else ()
        return Refusal(self.status, "APIGW.0308", "The throttling threshold has been reached.", headers=headers)


class Empty(Replacement, frozen=True):
    """No body, with any status."""

    status: int = 200

    def answer(self) -> Reply:
        """Return it."""
        return Reply(self.status, b"", "")


class Html(Replacement, frozen=True):
    """A proxy's page, with any status."""

    status: int = 502
    text: str = "The simulated proxy has something to say."

    def answer(self) -> Reply:
        """Return it."""
        return Reply(self.status, error_page(self.status, self.text), HTML)


class Redirect(Replacement, frozen=True):
    """A redirection."""

    location: str = "https://login.simulator-1.invalid/"
    status: int = 302

    def answer(self) -> Reply:
        """Return it."""
        return Reply(self.status, b"", "", (("Location", self.location),))


class BrokenJson(Replacement, frozen=True):
    """A body that isn't JSON although it says so."""

    status: int = 200
    body: str = '{"status": "STOPPING", "action_progress": [{'

    def answer(self) -> Reply:
        """Return it."""
        return Reply(self.status, self.body.encode())


class OtherJson(Replacement, frozen=True):
    """JSON of a shape that nobody expects."""

    shape: Literal["list", "string", "number", "null", "nested", "wrong_types"] = "list"
    status: int = 200

    _bodies: ClassVar[dict[str, Any]] = {
        "list": [{"status": "RUNNING"}],
        "string": "RUNNING",
        "number": 42,
        "null": None,
        "nested": {"result": {"notebook": {"status": "RUNNING"}}},
        "wrong_types": {"status": 7, "id": [], "lease": "soon", "action_progress": {"step": "one"}, "volume": [1]},
    }

    def answer(self) -> Reply:
        """Return it."""
        return Reply(self.status, msgspec.json.encode(self._bodies[self.shape]))
