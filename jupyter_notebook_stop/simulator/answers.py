"""What the stand-in answers: plain replies, and refusals in every shape that has been seen."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http.client import responses
from typing import Any

import msgspec

MARKER_HEADER = "X-Simulator"
MARKER = "jupyter_notebook_stop"
JSON = "application/json"
HTML = "text/html; charset=utf-8"

#: The shapes of an error body: the service's own spelling, two others, each of them nested, and a proxy's page.
ERROR_SHAPES = ("error_code", "errorCode", "code", "nested", "nested_errorCode", "nested_code", "html")


def check_shape(shape: str) -> None:
    """Raise `ValueError` unless `shape` is one of `ERROR_SHAPES`."""
    if shape not in ERROR_SHAPES:
        raise ValueError(f"unknown error shape {shape!r}, known are {', '.join(ERROR_SHAPES)}")


@dataclass(frozen=True)
class Reply:
    """One answer, before it is put on the wire.

    Parameters
    ----------
    status
        HTTP status.
    body
        The body, as sent.
    content_type
        Empty for none.
    headers
        Further headers.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()

    def with_headers(self, headers: Mapping[str, str]) -> Reply:
        """Return the same reply with `headers` added where it doesn't have them yet."""
        taken = {name.lower() for name, _ in self.headers}
        return replace(self, headers=self.headers + tuple((n, v) for n, v in headers.items() if n.lower() not in taken))

    @property
    def reason(self) -> str:
        """The words that go with the status."""
        return responses.get(self.status, "Unknown")

    @property
    def has_body(self) -> bool:
        """Whether HTTP permits a body at this status."""
        return self.status >= 200 and self.status not in (204, 304)

    def fields(self) -> list[tuple[str, str]]:
        """Return all headers but those that frame the body."""
        head = [("Content-Type", self.content_type)] if self.content_type and self.has_body else []
        return head + list(self.headers)


@dataclass(eq=False)
class Refusal(Exception):
    """A request that the service turns down; raised by what judges it.

    Parameters
    ----------
    status
        HTTP status.
    code
        The service's code, such as ``ModelArts.6309``.
    message
        The text that goes with it.
    shape
        One of `ERROR_SHAPES`; empty for the simulator's setting.
    headers
        Further headers, such as ``Retry-After``.
    """

    status: int
    code: str
    message: str
    shape: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=())

    def __post_init__(self) -> None:
        super().__init__(self.code, self.message)

    def reply(self, request_id: str, shape: str) -> Reply:
        """Return the answer, in `shape` unless the refusal has a shape of its own."""
        shape = self.shape or shape
        if shape == "html":
            return Reply(self.status, error_page(self.status, self.message), HTML, self.headers)
        nested = shape.startswith("nested")
        spelling = shape[len("nested_") :] if nested else shape
        body: dict[str, Any] = _spell(spelling, self.code, self.message)
        # Only the gateway in front of the service tells the request id in the body, too.
        if self.code.startswith("APIGW."):
            body["request_id"] = request_id
        return json_reply(self.status, {"error": body} if nested else body, self.headers)


def _spell(spelling: str, code: str, message: str) -> dict[str, Any]:
    if spelling == "errorCode":
        return {"errorCode": code, "errorMsg": message}
    if spelling == "code":
        return {"code": code, "message": message}
    return {"error_code": code, "error_msg": message}


def json_reply(status: int, value: object, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """Return a reply whose body is `value` as JSON."""
    return Reply(status, msgspec.json.encode(value), JSON, headers)


def error_page(status: int, text: str) -> bytes:
    """Return the page of a proxy that stands in the way."""
    title = f"{status} {responses.get(status, 'Unknown')}"
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body><center><h1>{title}</h1></center>\r\n"
        f"<p>{html.escape(text)}</p><hr><center>simulated-proxy</center></body>\r\n</html>\r\n"
    ).encode()
