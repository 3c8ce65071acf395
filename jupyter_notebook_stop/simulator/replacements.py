"""Faults that replace the response of the service by another one."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any, ClassVar, Literal

import msgspec

from .faults import Fault
from .responses import HTML, JSON, Refusal, Response, check_shape, error_page


class Replacement(Fault, frozen=True, kw_only=True):
    """A fault that sends another response.

    Parameters
    ----------
    takes_effect
        Whether the operation is carried out nevertheless.
    """

    takes_effect: bool = False

    def response(self) -> Response | Refusal:
        """Return the other response."""
        raise NotImplementedError

    def instead(self) -> Response | Refusal | None:
        """Return the other response, unless the operation is carried out."""
        return None if self.takes_effect else self.response()

    def rewrite(self, response: Response) -> Response | Refusal:
        """Return the other response, if the operation was carried out."""
        return self.response() if self.takes_effect else response


class Answer(Replacement, frozen=True):
    """Any status with any body and any headers."""

    status: int = 200
    body: str = ""
    content_type: str = JSON
    headers: dict[str, str] = msgspec.field(default_factory=dict)

    def response(self) -> Response:
        """Return this response."""
        return Response(self.status, self.body.encode(), self.content_type, tuple(self.headers.items()))


class Refuse(Replacement, frozen=True):
    """An error of the service; `shape` is one of `responses.ERROR_SHAPES`, or empty for the simulator's setting."""

    status: int = 403
    code: str = "ModelArts.0112"
    message: str = "Insufficient permissions."
    shape: str = ""

    def __post_init__(self) -> None:
        """Raise `ValueError` for an unknown shape now, not at the first request."""
        if self.shape:
            check_shape(self.shape)

    def response(self) -> Refusal:
        """Return this response."""
        return Refusal(self.status, self.code, self.message, self.shape)


class Unavailable(Refuse, frozen=True):
    """A 5xx of the gateway, which cannot reach the service."""

    status: int = 503
    code: str = "APIGW.0201"
    message: str = "Backend unavailable."


class Throttle(Replacement, frozen=True):
    """Too many requests; Retry-After in seconds, as a date, or with the value `text`; without it if negative."""

    retry_after: float = 1.0
    as_date: bool = False
    text: str = ""
    status: int = 429

    def response(self) -> Refusal:
        """Return this response."""
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

    def response(self) -> Response:
        """Return this response."""
        return Response(self.status, b"", "")


class Html(Replacement, frozen=True):
    """The HTML page of a proxy, with any status."""

    status: int = 502
    text: str = "This page comes from the simulated proxy."

    def response(self) -> Response:
        """Return this response."""
        return Response(self.status, error_page(self.status, self.text), HTML)


class Redirect(Replacement, frozen=True):
    """A redirect."""

    location: str = "https://login.simulator-1.invalid/"
    status: int = 302

    def response(self) -> Response:
        """Return this response."""
        return Response(self.status, b"", "", (("Location", self.location),))


class BrokenJson(Replacement, frozen=True):
    """A body that is not JSON although its Content-Type says so."""

    status: int = 200
    body: str = '{"status": "STOPPING", "action_progress": [{'

    def response(self) -> Response:
        """Return this response."""
        return Response(self.status, self.body.encode())


class OtherJson(Replacement, frozen=True):
    """JSON of an unexpected shape."""

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

    def response(self) -> Response:
        """Return this response."""
        return Response(self.status, msgspec.json.encode(self._bodies[self.shape]))
